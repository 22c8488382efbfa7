import { randomBytes } from 'node:crypto'
import { unflatten } from 'devalue'
import { SessionError } from './errors'
import { flatten } from './plain-data'
import { secretTagOf } from './secret-tag'
import type { RecordMeta, StoredRecord } from './store'

const SCHEMA = 3
const PROCESS_ID = randomBytes(6).toString('base64url')
let writes = 0
/** A longer stored value cannot be a record, and is not parsed. */
const MAX_VALUE_CHARACTERS = 256 * 1024
/** Of a whole record when its data changes. A rotation may add a few bytes. */
const MAX_RECORD_BYTES = 64 * 1024

/** The secret before the current one. */
export interface PreviousSecret {
  readonly hash: string
  /** With the previous secret it gives the current one, see `deriveNextSecret`. Empty if the secret became invalid. */
  readonly salt: string
  /** Begins when the current secret is first used. `null`: no client has presented that one yet. */
  readonly grace: GracePeriod | null
  /** The hash of the secret before that one, if requests with it may still be on their way. */
  readonly older: string | null
  /** Whose session it was then. Only for a secret that became invalid immediately. */
  readonly userId?: string | null
}

/** In milliseconds since the epoch. */
export interface GracePeriod {
  readonly from: number
  readonly until: number
}

/** What the store holds of a session. It contains no secret, only hashes. */
export interface SessionRecord {
  /**
   * The key under which it is stored, so that a store which returns another session's record is noticed. `null` in one
   * of an earlier version.
   */
  readonly key: string | null
  readonly secretHash: string
  readonly previous: PreviousSecret | null
  readonly rotatedAt: number
  /** Grows whenever a secret becomes invalid immediately: requests authenticated before may not write. */
  readonly secretGeneration: number
  readonly userId: string | null
  readonly authenticatedAt: number | null
  readonly createdAt: number
  /** Milliseconds without activity after which the session ends. */
  readonly idleTimeout: number
  /** Absolute expiry, milliseconds since the epoch. */
  readonly expiresAt: number
  readonly persistent: boolean
  /** The browser's `User-Agent`, for the list of devices. */
  readonly label: string
  /** The app's data in devalue's flat form: parsed with the record, revived only on demand. */
  readonly data: FlatData
}

/** devalue's flattened form of a value, which is plain JSON. */
export type FlatData = readonly unknown[]

export type SessionValues = Record<string, unknown>

/** A record with its data revived. This copy belongs to its holder alone. */
interface DecodedRecord {
  readonly record: SessionRecord
  readonly values: SessionValues
}

/** A session as it was read from the store. */
export interface StoredSession extends DecodedRecord {
  readonly key: string
  readonly version: number
  readonly lastSeenAt: number
}

/** A valid record with the exact text it was read from. */
export interface ParsedRecord {
  readonly text: string
  readonly record: SessionRecord
}

/** The data of a session that holds nothing yet. */
export const NO_DATA: FlatData = flatten({})

/** Revives data: a new copy at each call, so that no caller can change another's. */
export function revive(data: FlatData): SessionValues {
  return unflatten(data as unknown[]) as SessionValues
}

/** Each write has an id, so that after a write without an answer its text is not taken for that of another one. */
export function encodeRecord(record: SessionRecord): string {
  return JSON.stringify({ ...record, schema: SCHEMA, writeId: nextWriteId() })
}

/** @throws SessionError `too_large` */
export function encodeBounded(record: SessionRecord): string {
  const value = encodeRecord(record)
  if (Buffer.byteLength(value) <= MAX_RECORD_BYTES) return value
  const limit = `${MAX_RECORD_BYTES / 1024} KiB`
  throw new SessionError('too_large', `The session's data would exceed ${limit}. Store an id in the session, and the `
    + `rest elsewhere.`)
}

/** Returns `null` for a value that is damaged or of another schema. The stored row is not changed. */
export function decodeRecord(value: string): DecodedRecord | null {
  if (value.length > MAX_VALUE_CHARACTERS) return null
  try {
    const record = upgrade(JSON.parse(value))
    if (!isRecord(record)) return null
    const values: unknown = revive(record.data)
    return isPlainObject(values) ? { record, values } : null
  }
  catch {
    return null
  }
}

/**
 * The session in a stored row, or `null` if the record is not valid or another session's. Does not check expiry.
 *
 * @param parsed an earlier reading, which saves parsing the same text again
 */
export function decodeSession(
  key: string,
  row: StoredRecord,
  parsed: ParsedRecord | null = null,
): StoredSession | null {
  const decoded = parsed?.text === row.value
    ? { record: parsed.record, values: revive(parsed.record.data) }
    : decodeRecord(row.value)
  if (!decoded || !isOf(key, decoded.record)) return null
  return { ...decoded, key, version: row.version, lastSeenAt: row.lastSeenAt }
}

/** Whether a row that was read under `key` holds a valid record of another session. */
export function isOfAnotherSession(key: string, row: StoredRecord): boolean {
  const decoded = decodeRecord(row.value)
  return decoded !== null && !isOf(key, decoded.record)
}

function isOf(key: string, record: SessionRecord): boolean {
  return record.key === null || record.key === key
}

export function metaOf(record: SessionRecord, lastSeenAt: number): RecordMeta {
  const { userId, createdAt, idleTimeout, expiresAt } = record
  return { userId, createdAt, lastSeenAt, idleTimeout, expiresAt, secretTag: secretTagOf(record) }
}

/**
 * A record of an earlier schema in the current form. Schema 1 had the end of the grace period, which began with the
 * rotation; both had no key.
 */
function upgrade(value: unknown): unknown {
  const record = value as Partial<SessionRecord> & { schema?: unknown, previous?: { until?: number } | null } | null
  if (record?.schema === 2) return { ...record, schema: SCHEMA, key: null }
  if (record?.schema !== 1) return value
  const { previous, rotatedAt } = record
  const grace = { from: rotatedAt, until: previous?.until || rotatedAt }
  return { ...record, schema: SCHEMA, key: null, previous: previous && { ...previous, grace, older: null } }
}

function isRecord(value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<string, unknown>
  const times = ['rotatedAt', 'secretGeneration', 'createdAt', 'idleTimeout', 'expiresAt']
  return record.schema === SCHEMA
    && isNullOr('string', record.key)
    && typeof record.secretHash === 'string'
    && isPrevious(record.previous)
    && isNullOr('string', record.userId)
    && isNullOr('number', record.authenticatedAt)
    && times.every(name => Number.isFinite(record[name]))
    && typeof record.persistent === 'boolean'
    && typeof record.label === 'string'
    && Array.isArray(record.data)
}

/** Unique among all processes, without a draw of random bytes for each write. */
function nextWriteId(): string {
  return `${PROCESS_ID}${(writes++).toString(36)}`
}

function isPlainObject(value: unknown): value is SessionValues {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isPrevious(value: unknown): boolean {
  if (value === null) return true
  const previous = value as Partial<PreviousSecret> | undefined
  return typeof previous?.hash === 'string'
    && typeof previous.salt === 'string'
    && isNullOr('string', previous.older)
    && isGrace(previous.grace)
}

function isGrace(value: unknown): boolean {
  if (value === null) return true
  const grace = value as Partial<GracePeriod> | undefined
  return Number.isFinite(grace?.from) && Number.isFinite(grace?.until)
}

function isNullOr(type: 'string' | 'number', value: unknown): boolean {
  return value === null || typeof value === type
}
