import { stringify, unflatten } from 'devalue'
import { SessionError } from './errors'
import type { RecordMeta, StoredRecord } from './store'

const SCHEMA = 1
/** Characters beyond which a stored value is nothing of ours, and not worth parsing. */
const LONGEST_VALUE = 256 * 1024
/** Bytes of a whole record when its data changes. A rotation may add its few on top. */
const MOST_DATA = 64 * 1024

/** The secret before the current one. */
export interface PreviousSecret {
  readonly hash: string
  /** End of its grace, milliseconds since the epoch; 0 where it died at once, whatever another server's clock says. */
  readonly until: number
  /** From it and the previous secret follows the current one, see `successorOf`. Empty where nothing follows. */
  readonly salt: string
}

/** What the store holds of a session. No secret: only hashes. */
export interface SessionRecord {
  readonly secretHash: string
  readonly previous: PreviousSecret | null
  readonly rotatedAt: number
  /** Grows whenever a secret dies at once: who was let in before that is no longer this session's visitor. */
  readonly era: number
  readonly owner: string | null
  readonly authenticatedAt: number | null
  readonly createdAt: number
  /** Milliseconds without activity after which the session ends. */
  readonly idleTimeout: number
  /** End of the absolute clock. */
  readonly expiresAt: number
  readonly persistent: boolean
  /** The device as its browser named itself, for the list of devices. */
  readonly label: string
  /** The app's data in devalue's flat form: parsed with the record, brought to life only when asked for. */
  readonly data: FlatData
}

/** devalue's flattened form of a value, which is plain JSON. */
export type FlatData = readonly unknown[]

export type SessionValues = Record<string, unknown>

/** The data of a session that holds nothing yet. */
export const NO_DATA: FlatData = flatten({})

/** Flattens data so that Date, Map, Set, BigInt and shared references survive. Throws for functions and class instances. */
export function flatten(values: SessionValues): FlatData {
  return JSON.parse(stringify(values)) as FlatData
}

/** Brings data back to life: a new copy at each call, so that no caller can change another's. */
export function revive(data: FlatData): SessionValues {
  return unflatten(data as unknown[]) as SessionValues
}

export function encodeRecord(record: SessionRecord): string {
  return JSON.stringify({ schema: SCHEMA, ...record })
}

/** @throws SessionError `too_large` */
export function encodeBounded(record: SessionRecord): string {
  const value = encodeRecord(record)
  if (Buffer.byteLength(value) > MOST_DATA) {
    throw new SessionError('too_large', `The session's data would be over ${MOST_DATA / 1024} KiB. Keep an id in the session, and the rest where it belongs.`)
  }
  return value
}

/** A record with its data brought to life: this copy is its holder's alone. */
export interface DecodedRecord {
  readonly record: SessionRecord
  readonly values: SessionValues
}

/** Reads a record, or answers `null` for one that is broken or of another schema: the visitor is a stranger then, the row stays as it is. */
export function decodeRecord(value: string): DecodedRecord | null {
  if (value.length > LONGEST_VALUE) return null
  try {
    const record: unknown = JSON.parse(value)
    if (!isRecord(record)) return null
    const values: unknown = revive(record.data)
    return isPlainObject(values) ? { record, values } : null
  }
  catch {
    return null
  }
}

export function metaOf(record: SessionRecord, lastSeenAt: number): RecordMeta {
  const { owner, createdAt, idleTimeout, expiresAt } = record
  return { owner, createdAt, lastSeenAt, idleTimeout, expiresAt }
}

/** A record that was sound, with the very text that it was read from. */
export interface KnownRecord {
  readonly text: string
  readonly record: SessionRecord
}

/** A session read from the store, valid when it was read. */
export interface LiveSession extends DecodedRecord {
  readonly key: string
  readonly version: number
  readonly lastSeenAt: number
}

/** End of the idle clock, never after the absolute one. */
export function idleEnd({ record, lastSeenAt }: Pick<LiveSession, 'record' | 'lastSeenAt'>): number {
  return Math.min(lastSeenAt + record.idleTimeout, record.expiresAt)
}

/** The session in a stored row if it is sound; whether it has ended is the caller's to ask. `known`: an earlier reading, which saves parsing the same text again. */
export function liveSession(key: string, row: StoredRecord, known: KnownRecord | null = null): LiveSession | null {
  const decoded = known?.text === row.value ? { record: known.record, values: revive(known.record.data) } : decodeRecord(row.value)
  return decoded && { ...decoded, key, version: row.version, lastSeenAt: row.lastSeenAt }
}

function isRecord(value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<string, unknown>
  return record.schema === SCHEMA
    && typeof record.secretHash === 'string'
    && isPrevious(record.previous)
    && isNullOr('string', record.owner)
    && isNullOr('number', record.authenticatedAt)
    && ['rotatedAt', 'era', 'createdAt', 'idleTimeout', 'expiresAt'].every(name => Number.isFinite(record[name]))
    && typeof record.persistent === 'boolean'
    && typeof record.label === 'string'
    && Array.isArray(record.data)
}

function isPlainObject(value: unknown): value is SessionValues {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isPrevious(value: unknown): boolean {
  if (value === null) return true
  const previous = value as Partial<PreviousSecret> | undefined
  return typeof previous?.hash === 'string' && typeof previous.salt === 'string' && Number.isFinite(previous.until)
}

function isNullOr(type: 'string' | 'number', value: unknown): boolean {
  return value === null || typeof value === type
}
