import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { KeyRing } from './key-ring'

const FORMAT = 1
const SID_BYTES = 16
/** Of a sid: when it was made, in milliseconds since the epoch. */
export const SID_TIME_BYTES = 6
const SECRET_BYTES = 32
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const NONCES_AT_ONCE = 256
const TAG_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES
const SEALED = /^[\w-]{108}$/ // 81 bytes: no padding and no spare bits, so each bit of the text counts

let nonces = Buffer.alloc(0)

/** What a session cookie carries: which session, and the proof that the bearer may have it. */
export interface Ticket {
  /** When it was made, and 80 random bits, in this order; the same for the life of the session. A name, and no secret. */
  readonly sid: Buffer
  /** 256 random bits, replaced at each rotation. */
  readonly secret: Buffer
}

/** A ticket as it came out of a cookie. */
export interface OpenedTicket extends Ticket {
  /** `false` when an older key of the ring had sealed it: seal it again when convenient. */
  readonly sealedByCurrentKey: boolean
}

/**
 * A new ticket from the system's random source (ASVS 7.2.3). Sids that are made one after the other have store keys that stand side by side, so that a
 * store with an index writes one page for many new sessions, and not one for each (docs/decisions/016).
 *
 * @param now milliseconds since the epoch
 */
export function newTicket(now = Date.now()): Ticket {
  const bytes = randomBytes(SID_BYTES + SECRET_BYTES) // One draw: each costs as much as a hash.
  bytes.writeUIntBE(Math.max(0, Math.trunc(now)) % 2 ** (8 * SID_TIME_BYTES), 0, SID_TIME_BYTES)
  return { sid: bytes.subarray(0, SID_BYTES), secret: bytes.subarray(SID_BYTES) }
}

/** A new secret, for a rotation. */
export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/**
 * Seals a ticket with AES-256-GCM under the ring's first key: always 108 characters of base64url.
 * The cookie's name is associated data, so a cookie renamed, or sealed for another name, does not open.
 */
export function seal(ring: KeyRing, cookieName: string, ticket: Ticket): string {
  const { id, key } = ring.current
  const nonce = newNonce()
  const head = Buffer.concat([Buffer.of(FORMAT), id, nonce])
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData(head, cookieName))
  const body = cipher.update(Buffer.concat([ticket.sid, ticket.secret]))
  cipher.final()
  return Buffer.concat([head, body, cipher.getAuthTag()]).toString('base64url')
}

/** Opens a sealed ticket, or answers `null` for anything that no key of the ring has sealed for this cookie name. Never throws. */
export function open(ring: KeyRing, cookieName: string, text: string): OpenedTicket | null {
  if (!SEALED.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  const sealKey = bytes[0] === FORMAT ? ring.find(bytes.subarray(1, 1 + KEY_ID_BYTES)) : undefined
  if (!sealKey) return null
  const head = bytes.subarray(0, HEAD_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', sealKey.key, head.subarray(1 + KEY_ID_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData(head, cookieName))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const plain = decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  }
  catch {
    return null
  }
  return { sid: plain.subarray(0, SID_BYTES), secret: plain.subarray(SID_BYTES), sealedByCurrentKey: sealKey === ring.current }
}

/**
 * Why {@link open} answers `null`, for whoever looks into it afterwards. `unknown_key`: it has a ticket's form and names a key that the ring does not have, so nobody here
 * can tell another server's ticket from one that was made up. `broken_seal`: it names a key of ours, which did not seal it as it stands.
 */
export function sealFault(ring: KeyRing, text: string): 'not_a_ticket' | 'unknown_key' | 'broken_seal' {
  if (!SEALED.test(text)) return 'not_a_ticket'
  const bytes = Buffer.from(text, 'base64url')
  if (bytes[0] !== FORMAT) return 'not_a_ticket'
  return ring.find(bytes.subarray(1, 1 + KEY_ID_BYTES)) ? 'broken_seal' : 'unknown_key'
}

/** Nonces are no secret, so they may lie ready: a draw takes about as long as all the rest of a sealing. */
function newNonce(): Buffer {
  if (nonces.length === 0) nonces = randomBytes(NONCE_BYTES * NONCES_AT_ONCE)
  const nonce = nonces.subarray(0, NONCE_BYTES)
  nonces = nonces.subarray(NONCE_BYTES)
  return nonce
}

function associatedData(head: Buffer, cookieName: string): Buffer {
  return Buffer.concat([head.subarray(0, 1 + KEY_ID_BYTES), Buffer.from(cookieName)])
}
