import type { Driver } from 'unstorage'
import type { Clock } from './clock'

export type MaybePromise<T> = T | Promise<T>

/** What a driver must know of a record without reading its value: owner for the index, clocks for expiry. */
export interface RecordMeta {
  readonly owner: string | null
  readonly createdAt: number
  readonly lastSeenAt: number
  /** Milliseconds. */
  readonly idleTimeout: number
  /** End of the absolute clock, milliseconds since the epoch. */
  readonly expiresAt: number
}

export interface OwnedMeta extends RecordMeta {
  readonly owner: string
}

/** A record as a driver gives it back. */
export interface StoredRecord {
  readonly value: string
  /** Starts at 1, grows by one at each `replace`, untouched by `touch`. */
  readonly version: number
  readonly lastSeenAt: number
}

export interface ListedRecord extends StoredRecord {
  readonly key: string
}

/** Why a session is no more. Kept in its tombstone. */
export type EndReason = 'signed_out' | 'revoked' | 'evicted' | 'secret_reuse' | 'expired'

/** What must hold, in the same atomic step, for a session to become an owner's. */
export interface OwnerGuard {
  /** When the request that signs in began. A `removeByOwner` at or after that time defeats it. */
  readonly startedAt: number
  /** Most live sessions the owner may have, this one included. */
  readonly max: number
  /** What gives way at the limit: the owner's oldest session, or this one. */
  readonly policy: 'evict-oldest' | 'reject'
}

export type Replacement = 'replaced' | 'conflict' | 'gone'

/** `revoked`: all of the owner's sessions were removed since the sign-in began. `full`: the limit stands and the policy is `reject`. */
export interface Enrolment {
  readonly outcome: 'written' | 'exists' | 'conflict' | 'gone' | 'revoked' | 'full'
  /** Keys of the owner's sessions that were removed to make room. */
  readonly evicted: readonly string[]
}

/**
 * An unstorage driver that can also write atomically. The engine uses these verbs only; there is no upsert, because an
 * upsert is what brings a signed-out session back (CVE-2025-46336) and what loses parallel updates.
 *
 * For every verb: a promise that resolves means the write is durable as the driver's URL promises; a store that does
 * not answer throws, and never answers "missing". Missing and removed look alike to `read`: `null`. Expiry is the
 * engine's to judge; a driver may give back an expired record until it is swept. So are size, schema and soundness of a
 * value: a driver gives back what stands there, letter for letter, and looks into none of it.
 */
export interface AtomicDriver extends Driver {
  /** Whether the promises hold between processes, or only inside one; then a start as one of several warns. */
  readonly atomicity: 'cross-process' | 'process'
  /** The store's own clock, for a store that several servers share: expiry is decided by one clock then. */
  readonly clock?: Clock
  /** By how many milliseconds `clock` may be behind the store's own; it is never ahead. Default: it is exact. */
  readonly clockLag?: () => number
  /** Whether each call ends by itself within a few seconds, with an answer or an error. Default: no, so the engine gives up after 2.5 seconds. */
  readonly hasDeadline?: boolean
  read(key: string): MaybePromise<StoredRecord | null>
  /** Writes version 1 of a record without an owner. `false`: the key exists, or a tombstone stands there; nothing was written. */
  create(key: string, value: string, meta: RecordMeta): MaybePromise<boolean>
  /** Writes version `expectedVersion + 1` if that is still the version. The owner stays; the later of the two `lastSeenAt` stays. */
  replace(key: string, value: string, meta: RecordMeta, expectedVersion: number): MaybePromise<Replacement>
  /** `create` (without `expectedVersion`) or `replace` that makes the session `meta.owner`'s, within what `guard` allows. One that is refused evicts nobody. */
  enrol(key: string, value: string, meta: OwnedMeta, guard: OwnerGuard, expectedVersion?: number): MaybePromise<Enrolment>
  /** Moves the idle clock forward, never back, and only while the session is alive at `lastSeenAt`. Carries no data and no version. */
  touch(key: string, lastSeenAt: number): MaybePromise<boolean>
  /**
   * Removes the record and leaves a tombstone. `false`: there was no record. For the reason `expired` only a record that
   * has ended by its clocks at `removedAt`, so that a touch which came in time is not undone.
   */
  remove(key: string, removedAt: number, reason: EndReason): MaybePromise<boolean>
  /** Why and when a session was removed, while its tombstone stands. */
  endOf(key: string): MaybePromise<{ readonly reason: EndReason, readonly at: number } | null>
  /**
   * Tells of what other processes write, until the function is called that it answers. Whatever a session's end is, somebody hears of it: within a second where all
   * is well, and later, as `anything`, where the driver has to find its hearing again. What it needs for that, such as a connection, it opens at the first call. A driver without
   * it is asked for everything every few seconds, if its atomicity is `cross-process`. Never throws.
   */
  listen?(hear: (news: StoreNews) => void): () => void
  /** Removes the owner's records but `except`, and defeats sign-ins of this owner that began before. Answers the removed keys. */
  removeByOwner(owner: string, removedAt: number, except?: string): MaybePromise<string[]>
  /** The owner's records, newest first, at a cost that grows with the owner's records and not with the store's. */
  listByOwner(owner: string): MaybePromise<ListedRecord[]>
  /** Deletes at most `limit` records and tombstones that ended before `now`; answers how many. */
  sweep(now: number, limit: number): MaybePromise<number>
  /** Deletes the oldest records without an owner that are over `max`, at most `limit`; answers how many. */
  trimAnonymous(max: number, limit: number): MaybePromise<number>
}

/**
 * What a store tells of what has been written: names, never what stands behind them. News may come late, twice or for nothing, so whoever hears it asks the store.
 *
 * - `session`: the session of this store key has ended, or has become somebody's
 * - `owner`: the list of this owner's sessions has changed; the owner by its `ownerTagOf`
 * - `anything`: the driver cannot tell what, or has not heard everything
 */
export type StoreNews = { readonly session: string } | { readonly owner: string } | 'anything'

/** How long a `removeByOwner` is remembered, to defeat sign-ins that began before it: far longer than a request may take. */
export const REVOCATION_LIFETIME = 60 * 60 * 1000

/** How long a tombstone stands: longer than any request that could still hold the removed record, and long enough to say why a session is gone. */
export const TOMBSTONE_LIFETIME = 24 * 60 * 60 * 1000
/** The same of a session that was nobody's. Anybody can begin and end such sessions as fast as they like, and nobody misses them for a day. */
export const ANONYMOUS_TOMBSTONE_LIFETIME = 10 * 60 * 1000

/** When a tombstone may be swept that was put in the place of a session of `owner`. */
export function tombstoneEnd(removedAt: number, owner: string | null): number {
  return removedAt + (owner === null ? ANONYMOUS_TOMBSTONE_LIFETIME : TOMBSTONE_LIFETIME)
}

/** A store that does not answer or refuses to write. The engine turns it into `503 store_unavailable`, never into "no session". */
export class StoreError extends Error {
  constructor(driver: string, problem: string, options?: { cause?: unknown }) {
    super(`[session] [store:${driver}] ${problem}`, options)
    this.name = 'StoreError'
  }
}
