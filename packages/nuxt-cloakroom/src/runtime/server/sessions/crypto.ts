import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BinaryToTextEncoding } from 'node:crypto'
import type { KeyRing, SealKey } from './key-ring'

const FORMAT = 1
const SID_BYTES = 16
/** The first bytes of a `sid` are its creation time in milliseconds since the epoch. */
const SID_TIME_BYTES = 6
const SECRET_BYTES = 32
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const NONCES_PER_DRAW = 256
const TAG_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES
const SEALED = /^[\w-]{108}$/ // 81 bytes: no padding and no spare bits, so each bit of the text counts.
const STORE_KEY_CHARACTERS = 32
const PUBLIC_ID_CHARACTERS = 16

let nonces = Buffer.alloc(0)

/** What a session cookie holds: which session, and the proof that its bearer may use it. */
export interface SessionCookie {
  /** Creation time and 80 random bits; the same during the whole session. Not a secret. */
  readonly sid: Buffer
  /** 256 random bits, replaced at each rotation. */
  readonly secret: Buffer
}

export interface OpenedCookie extends SessionCookie {
  /** `false` if an older key of the ring had sealed it: send a new cookie when convenient. */
  readonly sealedByCurrentKey: boolean
}

/**
 * Draws a new `sid` and secret from the system's random source (ASVS 7.2.3). Sids that are created one after the other
 * have neighbouring store keys, so that a store with an index writes one page for many new sessions (decision 016).
 *
 * @param now milliseconds since the epoch
 */
export function newSessionCookie(now = Date.now()): SessionCookie {
  const bytes = randomBytes(SID_BYTES + SECRET_BYTES) // One draw: each costs as much as a hash.
  bytes.writeUIntBE(Math.max(0, Math.trunc(now)) % 2 ** (8 * SID_TIME_BYTES), 0, SID_TIME_BYTES)
  return { sid: bytes.subarray(0, SID_BYTES), secret: bytes.subarray(SID_BYTES) }
}

/** A new secret, for a rotation. */
export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/**
 * Seals a cookie with AES-256-GCM under the ring's first key. Always returns 108 characters of base64url. The cookie's
 * name is associated data, so a cookie that was renamed, or sealed for another name, does not open.
 */
export function seal(ring: KeyRing, cookieName: string, cookie: SessionCookie): string {
  const { id, key } = ring.current
  const nonce = nextNonce()
  const head = Buffer.concat([Buffer.of(FORMAT), id, nonce])
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData(head, cookieName))
  const body = cipher.update(Buffer.concat([cookie.sid, cookie.secret]))
  cipher.final()
  return Buffer.concat([head, body, cipher.getAuthTag()]).toString('base64url')
}

/** Opens a sealed cookie. Returns `null` for text that no key of the ring has sealed for this name. Never throws. */
export function open(ring: KeyRing, cookieName: string, text: string): OpenedCookie | null {
  if (!SEALED.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  const sealKey = keyOf(ring, bytes)
  if (!sealKey) return null
  const head = bytes.subarray(0, HEAD_BYTES)
  const nonce = head.subarray(1 + KEY_ID_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', sealKey.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData(head, cookieName))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const plain = decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  }
  catch {
    return null
  }
  const sealedByCurrentKey = sealKey === ring.current
  return { sid: plain.subarray(0, SID_BYTES), secret: plain.subarray(SID_BYTES), sealedByCurrentKey }
}

/**
 * Why {@link open} returns `null`. `unknown_key`: the text has the right form and names a key that is not in the ring,
 * so it may be another server's or made up. `broken_seal`: it names a key of the ring, which did not seal it as it is.
 */
export function explainInvalidCookie(ring: KeyRing, text: string): 'not_sealed' | 'unknown_key' | 'broken_seal' {
  if (!SEALED.test(text)) return 'not_sealed'
  const bytes = Buffer.from(text, 'base64url')
  if (bytes[0] !== FORMAT) return 'not_sealed'
  return keyOf(ring, bytes) ? 'broken_seal' : 'unknown_key'
}

/**
 * The key under which a session is stored: its creation time, then 80 bits of a hash, so that keys are ordered by time.
 * Lower-case hexadecimal, which every file system and driver keeps unchanged.
 */
export function storeKeyOf(sid: Buffer): string {
  const time = sid.toString('hex', 0, SID_TIME_BYTES)
  return time + digest('store key', sid, 'hex').slice(0, STORE_KEY_CHARACTERS - time.length)
}

/** The public id of a session: stable, derived one way from its store key, safe to show and to log. */
export function sessionIdOf(storeKey: string): string {
  return digest('session id', storeKey, 'base64url').slice(0, PUBLIC_ID_CHARACTERS)
}

/** Stands for a user id in messages between processes, where the id itself must not be readable. */
export function userTagOf(userId: string): string {
  return digest('user', userId, 'base64url').slice(0, PUBLIC_ID_CHARACTERS)
}

/** What the store holds of a secret. A secret has 256 random bits, so a plain hash needs neither salt nor slowness. */
export function hashSecret(secret: Buffer): string {
  return digest('secret', secret, 'base64url')
}

/** Compares two hashes in constant time. */
export function hashesMatch(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * The secret that follows `secret` at a periodic rotation.
 *
 * The store holds hashes only, yet parallel requests that still carry the old secret must all be given the *same* new
 * cookie. So the new secret is computed from the old one and a random salt in the record: a client that holds the old
 * secret while it is accepted gets the new one; a reader of the store has only the salt.
 */
export function deriveNextSecret(secret: Buffer, salt: string): Buffer {
  return createHmac('sha256', secret).update(`cloakroom successor v1\0${salt}`).digest()
}

function keyOf(ring: KeyRing, sealed: Buffer): SealKey | undefined {
  return sealed[0] === FORMAT ? ring.keysById.get(sealed.readUInt32BE(1)) : undefined
}

/** Nonces are not secret, so they may be drawn ahead: a draw takes about as long as the rest of a sealing. */
function nextNonce(): Buffer {
  if (nonces.length === 0) nonces = randomBytes(NONCE_BYTES * NONCES_PER_DRAW)
  const nonce = nonces.subarray(0, NONCE_BYTES)
  nonces = nonces.subarray(NONCE_BYTES)
  return nonce
}

function associatedData(head: Buffer, cookieName: string): Buffer {
  return Buffer.concat([head.subarray(0, 1 + KEY_ID_BYTES), Buffer.from(cookieName)])
}

/** One call takes half the time of a hash object for inputs this short. */
function digest(purpose: string, input: Buffer | string, encoding: BinaryToTextEncoding): string {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  return hash('sha256', Buffer.concat([Buffer.from(`cloakroom ${purpose} v1\0`), bytes]), encoding)
}
