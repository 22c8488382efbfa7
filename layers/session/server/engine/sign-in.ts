import type { Admitted } from './admission'
import type { Ownership, SessionEngine } from './engine'
import { SessionError } from './errors'
import { handleOf, storeKeyOf } from './identity'
import type { FlatData, SessionRecord } from './record'
import { NO_DATA, encodeBounded, metaOf, revive } from './record'
import { newSecret, newTicket } from './seal'
import type { OwnedMeta } from './store'

const MOST_ATTEMPTS = 6

export interface SignInRequest extends Ownership {
  /** Makes the data to begin with from what the visitor's session holds. */
  readonly dataFrom: (held: FlatData) => FlatData
  readonly label: string
  /** When the request that signs in began. */
  readonly startedAt: number
}

/**
 * Makes a session its owner's, in place of the visitor's anonymous or earlier one, or anew: a new secret with the old one
 * dead at once, both clocks anew (ASVS 7.2.4). Where a parallel request has taken the visitor's session over, a new one
 * is made, so two users never share one.
 *
 * @throws SessionError `conflict` when the owner was signed out everywhere meanwhile, or has too many sessions
 */
export async function signIn(engine: SessionEngine, visitor: Admitted | null, request: SignInRequest): Promise<Admitted> {
  let current = visitor && engine.hasEnded(visitor.live) ? null : visitor
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const outcome = await enrol(engine, current, request)
    if (typeof outcome === 'object') return outcome
    if (outcome === 'revoked') throw new SessionError('conflict', 'This user was signed out everywhere while signing in. Sign in again.')
    if (outcome === 'full') throw new SessionError('conflict', 'This user has as many sessions as are allowed. Sign out on another device first.')
    current = outcome === 'conflict' && current ? await engine.reload(current) : null
  }
  throw new SessionError('conflict', 'The session kept being changed by other requests. Try again.')
}

async function enrol(engine: SessionEngine, current: Admitted | null, request: SignInRequest) {
  const { maxPerOwner: max, ownerLimitPolicy: policy } = engine.config
  const now = engine.clock()
  const ticket = current ? { sid: current.ticket.sid, secret: newSecret() } : newTicket(now)
  const data = request.dataFrom(current?.live.record.data ?? NO_DATA)
  const again = current?.live.record.owner === request.owner
  const record: SessionRecord = {
    ...engine.newRecord(ticket, { createdAt: again ? current!.live.record.createdAt : now, label: request.label, data }, request),
    // The secret before answers no more; its hash tells a request that was under way from a stolen copy.
    previous: current ? { hash: current.live.record.secretHash, until: 0, salt: '' } : null,
    era: current ? current.live.record.era + 1 : 0,
  }
  const key = storeKeyOf(ticket.sid)
  const meta: OwnedMeta = { ...metaOf(record, now), owner: request.owner }
  const guard = { startedAt: request.startedAt, max, policy }
  const value = encodeBounded(record)
  const { outcome, evicted } = await engine.store.ask('enrol', driver => driver.enrol(key, value, meta, guard, current?.live.version))
  for (const other of evicted) engine.emit({ type: 'ended', handle: handleOf(other), reason: 'evicted' })
  if (outcome !== 'written') return outcome
  const version = (current?.live.version ?? 0) + 1
  return { live: { key, record, values: revive(data), version, lastSeenAt: now }, ticket, stale: null } satisfies Admitted
}
