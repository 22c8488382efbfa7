import type { Driver } from 'unstorage'
import type { SessionEndReason } from '../../shared/types/session'

/** Returns the time in milliseconds since the epoch. Injected, so that tests set the time and do not wait for it. */
export type Clock = () => number

export type MaybePromise<T> = T | Promise<T>

/** What a driver must know of a record without reading its value: the user for the index, the times for expiry. */
export interface RecordMeta {
  readonly userId: string | null
  readonly createdAt: number
  readonly lastSeenAt: number
  /** Milliseconds. */
  readonly idleTimeout: number
  /** Absolute expiry, milliseconds since the epoch. */
  readonly expiresAt: number
  /** Stays in the tombstone: says who may learn how the session ended, see `secretTagOf`. */
  readonly secretTag?: string
}

export interface UserRecordMeta extends RecordMeta {
  readonly userId: string
}

/** A record as a driver returns it. */
export interface StoredRecord {
  readonly value: string
  /** Starts at 1, grows by one at each `replace`, unchanged by `touch`. */
  readonly version: number
  readonly lastSeenAt: number
}

export interface ListedRecord extends StoredRecord {
  readonly key: string
}

/** What remains of a removed session: why and when it ended, and the tag of its record. */
export interface Tombstone {
  readonly reason: SessionEndReason
  readonly removedAt: number
  readonly secretTag?: string
}

/** What must hold, in the same atomic step, for a session to be assigned to a user. */
export interface UserLimit {
  /** When the request that signs in began. A `removeByUser` at or after that time defeats it. */
  readonly startedAt: number
  /** How many active sessions the user may have, this one included. */
  readonly max: number
  /** What happens at the limit: the user's oldest session is removed, or this sign-in fails. */
  readonly policy: 'evict-oldest' | 'reject'
}

export type ReplaceResult = 'replaced' | 'conflict' | 'gone'

/**
 * - `revoked`: all sessions of the user were removed since the sign-in began
 * - `full`: the user is at the limit and the policy is `reject`
 */
export interface AssignUserResult {
  readonly outcome: 'written' | 'exists' | 'conflict' | 'gone' | 'revoked' | 'full'
  /** Keys of the user's sessions that were removed to make room. */
  readonly evicted: readonly string[]
}

/**
 * An unstorage driver that can also write atomically. The core uses these methods only. There is no upsert, because an
 * upsert can bring a signed-out session back (CVE-2025-46336) and can lose parallel updates.
 *
 * User ids are well-formed Unicode. For every method: a promise that resolves means that the write is as durable as the
 * driver's URL promises. A store that does not respond throws and never reports a session as missing. `read` returns
 * `null` for missing and for removed records. The core decides about expiry; a driver may return an expired record
 * until it is swept. The core also checks size, schema and soundness of a value; a driver returns it unchanged and does
 * not look into it.
 */
export interface AtomicDriver extends Driver {
  /** Whether the guarantees hold across processes or only within one; then a start as one of several logs a warning. */
  readonly atomicity: 'cross-process' | 'process'
  /** The store's own clock, for a store that several servers share: then one clock decides about expiry. */
  readonly clock?: Clock
  /** By how many milliseconds `clock` may be behind the store's own; it is never ahead. Default: it is exact. */
  readonly clockLag?: (() => number) | undefined
  /** Whether each call settles within a few seconds. Default: no, so the core gives up after 2.5 seconds. */
  readonly hasDeadline?: boolean
  read(key: string): MaybePromise<StoredRecord | null>
  /**
   * Writes version 1 of a record without a user. Returns `false`, and writes nothing, if the key or a tombstone exists.
   */
  create(key: string, value: string, meta: RecordMeta): MaybePromise<boolean>
  /** Writes version `expectedVersion + 1` if that is still the version. Keeps the user and the later `lastSeenAt`. */
  replace(key: string, value: string, meta: RecordMeta, expectedVersion: number): MaybePromise<ReplaceResult>
  /**
   * A `create` (without `expectedVersion`) or `replace` that assigns the session to `meta.userId`, within `limit`. The
   * idle clock restarts at `meta.lastSeenAt`, even if that is earlier. One that fails evicts no session.
   */
  assignUser(
    key: string,
    value: string,
    meta: UserRecordMeta,
    limit: UserLimit,
    expectedVersion?: number,
  ): MaybePromise<AssignUserResult>
  /** Moves the idle clock forward, never back, and only if the session is active at `lastSeenAt`. Writes no data. */
  touch(key: string, lastSeenAt: number): MaybePromise<boolean>
  /**
   * Removes the record and leaves a tombstone. Returns `false` if there was no record. For the reason `expired` only a
   * record that has expired at `removedAt`, so that a touch which came in time is not undone. With `userId` only a
   * record of this user, or for `null` of none, so that a request that began before a sign-in does not undo it.
   */
  remove(key: string, removedAt: number, reason: SessionEndReason, userId?: string | null): MaybePromise<boolean>
  /** Why and when a session was removed, while its tombstone exists. */
  readTombstone(key: string): MaybePromise<Tombstone | null>
  /**
   * Calls `listener` for what other processes write, until you call the returned function. Each end of a session
   * reaches some listener: within a second if all is well, and later, as `unknown`, if the driver has to reconnect. A
   * driver opens what it needs for that at the first call. A driver without this method is checked in full every few
   * seconds if its atomicity is `cross-process`. Never throws.
   */
  subscribe?(listener: (change: StoreChange) => void): () => void
  /**
   * Removes the user's records except `except`, and defeats sign-ins of this user that began before. Returns the keys.
   *
   * @param rememberUntil for a store whose index of the user's records may be lost: until then it returns none of those
   * that were assigned before, milliseconds since the epoch
   */
  removeByUser(userId: string, removedAt: number, except?: string, rememberUntil?: number): MaybePromise<string[]>
  /** The user's records, newest first. The cost grows with the user's records, not with the store's. */
  listByUser(userId: string): MaybePromise<ListedRecord[]>
  /** Deletes at most `limit` records and tombstones that expired before `now`. Returns how many. */
  sweep(now: number, limit: number): MaybePromise<number>
  /** Deletes the oldest records without a user that exceed `max`, at most `limit`. Returns how many. */
  trimAnonymous(max: number, limit: number): MaybePromise<number>
}

/**
 * What another process has written: only names, never values. A change may be reported late, twice, or without a
 * reason, so listeners read the store.
 *
 * - `sessionKey`: the session of this store key has ended or was assigned to a user
 * - `userTag`: the list of this user's sessions has changed; the user as `userTagOf` returns it
 * - `unknown`: the driver does not know what changed, or may have missed changes
 */
export type StoreChange = { readonly sessionKey: string } | { readonly userTag: string } | 'unknown'

/**
 * How long a `removeByUser` is remembered, to defeat sign-ins that began before: far longer than a request may take.
 */
export const REVOCATION_LIFETIME_MS = 60 * 60 * 1000

/** Longer than any request that could still hold the removed record, and long enough to say why a session ended. */
export const TOMBSTONE_LIFETIME_MS = 24 * 60 * 60 * 1000
/**
 * For an anonymous session. Any client can begin and end such sessions quickly, and no user misses them a day later.
 */
export const ANONYMOUS_TOMBSTONE_LIFETIME_MS = 10 * 60 * 1000

/** When the tombstone of a session of `userId` may be swept. */
export function tombstoneExpiresAt(removedAt: number, userId: string | null): number {
  return removedAt + (userId === null ? ANONYMOUS_TOMBSTONE_LIFETIME_MS : TOMBSTONE_LIFETIME_MS)
}

/**
 * A store that does not respond or cannot write. The core turns it into `503 store_unavailable`, never into "no
 * session".
 */
export class StoreError extends Error {
  constructor(driver: string, problem: string, options?: { cause?: unknown }) {
    super(`[cloakroom] [store:${driver}] ${problem}`, options)
    this.name = 'StoreError'
  }
}
