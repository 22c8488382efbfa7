import type { AuthenticatedSession } from './authentication'
import type { SessionConfig } from './config'
import { SessionError } from './errors'
import type { GuardedStore } from './guarded-store'
import { startGrace } from './previous-secret'
import { encodeRecord, metaOf } from './record'
import type { Clock } from './store'

export interface FirstUseDeps {
  readonly store: Pick<GuardedStore, 'replace'>
  readonly config: Pick<SessionConfig, 'rotationGrace'>
  readonly clock: Clock
}

/**
 * Records that the browser has the current secret, so the grace period of the previous one begins. It moves no timeout.
 * A store that fails here does not fail the request: it has reported the failure, and the next request tries again.
 *
 * @returns the session as it is stored now, or `null` if another request changed it in the meantime
 */
export async function recordFirstUse(
  { store, config, clock }: FirstUseDeps,
  current: AuthenticatedSession,
): Promise<AuthenticatedSession | null> {
  const { key, version, lastSeenAt } = current.session
  const record = startGrace(current.session.record, clock(), config.rotationGrace)
  try {
    const result = await store.replace(key, encodeRecord(record), metaOf(record, lastSeenAt), version)
    if (result !== 'replaced') return null
    return { ...current, session: { ...current.session, record, version: version + 1 } }
  }
  catch (error) {
    if (!(error instanceof SessionError)) throw error
    return current
  }
}
