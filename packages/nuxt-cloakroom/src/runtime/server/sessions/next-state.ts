import { randomBytes } from 'node:crypto'
import type { AuthenticatedSession } from './authenticator'
import type { SessionCookie } from './crypto'
import { deriveNextSecret, hashSecret, newSecret } from './crypto'
import type { FlatData, SessionRecord, SessionValues } from './record'
import { NO_DATA, flatten, revive } from './record'

const SALT_BYTES = 16

/** What a session is to become: the record in the store and the cookie in the browser. */
export interface NextState {
  readonly cookie: SessionCookie
  readonly record: SessionRecord
}

export interface SignInOptions<Data> {
  /** Keeps the session when the browser closes, with the longer pair of timeouts. Default `false`. */
  remember?: boolean
  /**
   * The initial data, or a function that returns it from what the session held before. The function may run several
   * times, each time on the newest data. Default: none, so that data of an anonymous visitor does not get into an
   * account.
   */
  data?: Data | ((before: Partial<Data>) => Data)
}

export type Update<Data> = Partial<Data> | ((draft: Data) => void | Promise<void>)

/** The data of a session after a sign-in. */
export function initialData<Data extends object>(data: SignInOptions<Data>['data'], before: FlatData): FlatData {
  if (data === undefined) return NO_DATA
  return flatten((typeof data === 'function' ? data(revive(before) as Partial<Data>) : data) as SessionValues)
}

/** The data after an update, without values that are `undefined`. @throws Error for values that cannot be stored */
export async function applyUpdate<Data extends object>(data: FlatData, change: Update<Data>): Promise<FlatData> {
  const draft = revive(data)
  if (typeof change === 'function') await change(draft as Data)
  else Object.assign(draft, change)
  return flatten(Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)))
}

/**
 * The state after a rotation of the secret.
 *
 * @param now milliseconds since the epoch
 * @param grace milliseconds for which the old secret still leads to the new one; 0 makes it invalid immediately
 */
export function rotateSecret(current: AuthenticatedSession, now: number, grace: number): NextState {
  const { session: { record }, cookie } = current
  const hasGrace = grace > 0
  const salt = hasGrace ? randomBytes(SALT_BYTES).toString('base64url') : ''
  const secret = hasGrace ? deriveNextSecret(cookie.secret, salt) : newSecret()
  return {
    cookie: { sid: cookie.sid, secret },
    record: {
      ...record,
      secretHash: hashSecret(secret),
      previous: { hash: record.secretHash, until: hasGrace ? now + grace : 0, salt },
      rotatedAt: now,
      secretGeneration: record.secretGeneration + (hasGrace ? 0 : 1),
    },
  }
}
