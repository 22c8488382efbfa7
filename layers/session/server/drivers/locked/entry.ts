import type { EndReason, RecordMeta, StoredRecord } from '../../engine/store'

/** What stands under a session's key in the wrapped driver. */
export type Entry = LiveEntry | Tombstone

export interface LiveEntry extends StoredRecord {
  readonly meta: RecordMeta
}

interface Tombstone {
  readonly removed: { readonly at: number, readonly reason: EndReason, /** When it may be swept. */ readonly until: number }
}

/** What is kept in memory of an entry: everything but a record's value. */
export type Known = Omit<LiveEntry, 'value'> | Tombstone

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that came through unstorage's plain `setItem` is nobody's and never ends. */
export const NO_META: RecordMeta = { owner: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER }

/** The entry that a driver gave back. A value that we did not write is handed on as it is: the engine reports it as corrupt, and leaves it there. */
export function entryOf(stored: unknown): Entry {
  const entry = typeof stored === 'string' ? parse(stored) : stored
  return isEntry(entry) ? entry : { value: String(stored), version: 0, lastSeenAt: 0, meta: NO_META }
}

export function liveOf(entry: Entry | null): LiveEntry | null {
  return entry && 'value' in entry ? entry : null
}

export function hasEnded(entry: Known, now: number): boolean {
  return 'removed' in entry ? entry.removed.until <= now : endOf(entry) <= now
}

export function endOf({ meta, lastSeenAt }: Omit<LiveEntry, 'value' | 'version'>): number {
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
  const { removed, value, version, lastSeenAt, meta } = Object(entry) as { [Name in keyof LiveEntry | 'removed']?: unknown }
  if (removed !== undefined) return areNumbers((removed as Tombstone['removed'] | null)?.at, (removed as Tombstone['removed'] | null)?.until)
  if (typeof value !== 'string' || typeof meta !== 'object' || meta === null) return false
  const { createdAt, idleTimeout, expiresAt } = meta as RecordMeta
  return areNumbers(version, lastSeenAt, createdAt, idleTimeout, expiresAt)
}

function areNumbers(...values: unknown[]): boolean {
  return values.every(value => typeof value === 'number')
}
