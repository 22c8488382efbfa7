import type { Driver } from 'unstorage'

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

/**
 * An unstorage driver that can also write atomically. The engine uses these verbs only; there is no upsert, because an
 * upsert is what brings a signed-out session back (CVE-2025-46336) and what loses parallel updates.
 *
 * For every verb: a promise that resolves means the write is durable as the driver's URL promises; a store that does
 * not answer throws, and never answers "missing". Missing and removed look alike to `read`: `null`. Expiry is the
 * engine's to judge; a driver gives back an expired record until it is swept.
 */
export interface AtomicDriver extends Driver {
  /** Whether the promises hold between processes, or only inside one. */
  readonly atomicity: 'cross-process' | 'process'
  read(key: string): MaybePromise<StoredRecord | null>
  /** Writes version 1. `false`: the key exists, or a tombstone stands there; nothing was written. */
  create(key: string, value: string, meta: RecordMeta): MaybePromise<boolean>
  /** Writes version `expectedVersion + 1` if that is still the version. The later of the two `lastSeenAt` stays. */
  replace(key: string, value: string, meta: RecordMeta, expectedVersion: number): MaybePromise<'replaced' | 'conflict' | 'gone'>
  /** Moves the idle clock forward, never back, and only while the session is alive at `lastSeenAt`. Carries no data and no version. */
  touch(key: string, lastSeenAt: number): MaybePromise<boolean>
  /** Removes the record and leaves a tombstone. `false`: there was no record. */
  remove(key: string, removedAt: number): MaybePromise<boolean>
  /** The owner's records, newest first, at a cost that grows with the owner's records and not with the store's. */
  listByOwner(owner: string): MaybePromise<ListedRecord[]>
  /** Deletes at most `limit` records and tombstones that ended before `now`; answers how many. */
  sweep(now: number, limit: number): MaybePromise<number>
}

/** How long a tombstone stands: longer than any request that could still hold the removed record. */
export const TOMBSTONE_LIFETIME = 24 * 60 * 60 * 1000

/** A store that does not answer or refuses to write. The engine turns it into `503 store_unavailable`, never into "no session". */
export class StoreError extends Error {
  constructor(driver: string, problem: string, options?: { cause?: unknown }) {
    super(`[session] [store:${driver}] ${problem}`, options)
    this.name = 'StoreError'
  }
}
