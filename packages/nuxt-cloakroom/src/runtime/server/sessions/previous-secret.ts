import { randomBytes } from 'node:crypto'
import { deriveNextSecret, hashSecret, hashesMatch } from './crypto'
import type { PreviousSecret, SessionRecord } from './record'

const SALT_BYTES = 16
/** By how many milliseconds the clocks of two servers may differ without harm. */
const CLOCK_TOLERANCE_MS = 1000

/**
 * What a secret is worth that is not the session's current one.
 *
 * - `previous`: it leads to the current one
 * - `superseded`: it became invalid immediately, by a sign-in or `rotate`, while this request was on its way
 * - `unknown`: it became invalid longer ago, but no client has used the current one, so it may never have arrived
 * - `secret_reuse`: another client has used the current one, or it is not known at all
 */
export type OldSecretStanding = 'previous' | 'superseded' | 'unknown' | 'secret_reuse'

/** The time now, and how long ago the request arrived; in milliseconds. */
export interface RequestTime {
  readonly now: number
  readonly age: number
}

/**
 * Judges a secret that is not the current one.
 *
 * @param time.now milliseconds since the epoch
 * @param time.age how long ago the request arrived, in milliseconds: it may have read a long body since then
 * @param graceMs how long a request may be on its way
 */
export function judgeOldSecret(
  secretHash: string,
  { previous, rotatedAt }: Pick<SessionRecord, 'previous' | 'rotatedAt'>,
  { now, age }: RequestTime,
  graceMs: number,
): OldSecretStanding {
  // The cookie is sealed, so the secret was once valid: a request may be older than the last two of them.
  const isFromBefore = now > rotatedAt - graceMs && now - age < rotatedAt
  if (!previous || !isKnown(secretHash, previous)) return isFromBefore ? 'superseded' : 'secret_reuse'
  const isInGrace = isWithinGrace(previous, { now, age })
  if (previous.salt) return isInGrace ? 'previous' : 'secret_reuse'
  const isOnItsWay = now > rotatedAt - graceMs && now - age < rotatedAt + graceMs
  if (isOnItsWay || (previous.grace && isInGrace)) return 'superseded'
  return previous.grace ? 'secret_reuse' : 'unknown'
}

/**
 * Whether the last rotation is still under way, so that a further one has to wait: until the previous secret is no
 * longer valid, and every response to a request with it has arrived. One that came later would put an outdated secret
 * into the browser.
 */
export function isInTransition({ previous }: Pick<SessionRecord, 'previous'>, now: number): boolean {
  if (!previous?.salt) return false
  const { grace } = previous
  return grace === null || now < grace.until + (grace.until - grace.from)
}

/** A successor of `secret`, and what leads from it to that one. */
export function succeed(secret: Buffer, { secretHash }: Pick<SessionRecord, 'secretHash'>) {
  const salt = randomBytes(SALT_BYTES).toString('base64url')
  const next = deriveNextSecret(secret, salt)
  const previous: PreviousSecret = { hash: secretHash, salt, grace: null, older: null }
  return { secret: next, secretHash: hashSecret(next), previous }
}

/** What remains of a secret that becomes invalid immediately. Its hash tells a late request from a stolen copy. */
export function invalidate({ secretHash, previous, userId }: SessionRecord, now: number): PreviousSecret {
  const older = previous && (previous.grace === null || now < previous.grace.until) ? previous.hash : null
  return { hash: secretHash, salt: '', grace: null, older, userId }
}

/** The record once a client has presented the current secret: from now on the grace period of the previous one runs. */
export function startGrace(record: SessionRecord, now: number, graceMs: number): SessionRecord {
  const { previous } = record
  return { ...record, previous: previous && { ...previous, grace: { from: now, until: now + graceMs } } }
}

/** Whether a secret that became invalid had opened the session of the user that it still has. */
export function isOfSameUser(secretHash: string, { previous, userId }: SessionRecord): boolean {
  return previous?.userId === userId && hashesMatch(secretHash, previous.hash)
}

/** The lower bound prevents a second grace period after a clock was set back. */
function isWithinGrace({ grace }: PreviousSecret, { now, age }: RequestTime): boolean {
  return grace === null || (now >= grace.from - CLOCK_TOLERANCE_MS && now - age < grace.until)
}

function isKnown(secretHash: string, { hash, older }: PreviousSecret): boolean {
  return hashesMatch(secretHash, hash) || (older !== null && hashesMatch(secretHash, older))
}
