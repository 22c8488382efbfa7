import type { RecordMeta, StoredRecord, Tombstone } from '../../sessions/store'

/** What is stored under a session's key in the wrapped driver. */
export type Entry = RecordEntry | TombstoneEntry

export interface RecordEntry extends StoredRecord {
  readonly meta: RecordMeta
}

interface TombstoneEntry {
  readonly tombstone: Tombstone & { /** When it may be swept. */ readonly expiresAt: number }
}

/** What is kept in memory of an entry: everything except a record's value. */
export type IndexedEntry = Omit<RecordEntry, 'value'> | TombstoneEntry

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that was set through unstorage's plain `setItem` has no user and never expires. */
export const NO_META: RecordMeta = {
  userId: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER,
}

/** The entry that a driver returned. A value of another program stays as it is: the core reports it as corrupt. */
export function parseEntry(stored: unknown): Entry {
  const entry = typeof stored === 'string' ? parse(stored) : stored
  return isEntry(entry) ? entry : { value: String(stored), version: 0, lastSeenAt: 0, meta: NO_META }
}

export function recordIn(entry: Entry | null): RecordEntry | null {
  return entry && 'value' in entry ? entry : null
}

export function isEntryExpired(entry: IndexedEntry, now: number): boolean {
  return ('tombstone' in entry ? entry.tombstone.expiresAt : recordExpiresAt(entry)) <= now
}

export function recordExpiresAt({ meta, lastSeenAt }: Pick<RecordEntry, 'meta' | 'lastSeenAt'>): number {
  return Math.min(lastSeenAt + meta.idleTimeout, meta.expiresAt)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch {
    return undefined
  }
}

function isEntry(entry: unknown): entry is Entry {
  const fields = Object(entry) as { [Name in keyof RecordEntry | 'tombstone']?: unknown }
  const { tombstone, value, version, lastSeenAt, meta } = fields
  if (tombstone !== undefined) return isTombstone(tombstone)
  if (typeof value !== 'string' || typeof meta !== 'object' || meta === null) return false
  const { createdAt, idleTimeout, expiresAt } = meta as RecordMeta
  return areNumbers(version, lastSeenAt, createdAt, idleTimeout, expiresAt)
}

function isTombstone(value: unknown): boolean {
  const { removedAt, expiresAt } = Object(value) as Partial<TombstoneEntry['tombstone']>
  return areNumbers(removedAt, expiresAt)
}

function areNumbers(...values: unknown[]): boolean {
  return values.every(value => typeof value === 'number')
}
