import type { AuthenticatedSession } from './authentication'
import type { SessionCookie } from './crypto'
import { hashSecret, newSecret } from './crypto'
import { invalidate, succeed } from './previous-secret'
import type { FlatData, SessionRecord, SessionValues } from './record'
import { flatten } from './plain-data'
import { NO_DATA, revive } from './record'

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
 * The state after a periodic rotation: the old secret leads to the new one.
 *
 * @param now milliseconds since the epoch
 */
export function rotateSecret({ session: { record }, cookie }: AuthenticatedSession, now: number): NextState {
  const { secret, ...secrets } = succeed(cookie.secret, record)
  return { cookie: { sid: cookie.sid, secret }, record: { ...record, ...secrets, rotatedAt: now } }
}

/** The state after the secret was replaced; the old one is invalid immediately. @param now as in `rotateSecret` */
export function replaceSecret({ session: { record }, cookie }: AuthenticatedSession, now: number): NextState {
  const secret = newSecret()
  const secrets = { secretHash: hashSecret(secret), previous: invalidate(record, now) }
  const secretGeneration = record.secretGeneration + 1
  return { cookie: { sid: cookie.sid, secret }, record: { ...record, ...secrets, rotatedAt: now, secretGeneration } }
}
