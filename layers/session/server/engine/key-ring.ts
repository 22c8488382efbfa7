import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ConfigError } from './errors'

const KEY_BYTES = 32
const KEY_ID_BYTES = 4
const REMEDY = 'Make one with: node -e "console.log(crypto.randomBytes(32).toString(\'base64url\'))"'

/** One key that seals and opens cookies, with the id that a sealed cookie names it by. */
export interface SealKey {
  readonly id: Buffer
  readonly key: KeyObject
}

/** Keys in order: the first seals, all open. Put a new key first, and drop the old one after the longest absolute timeout. */
export interface KeyRing {
  readonly current: SealKey
  find(id: Buffer): SealKey | undefined
}

/**
 * Builds a key ring from text: comma-separated keys of 32 random bytes each, as base64url, base64 or hexadecimal.
 *
 * @param variable named in the error, so that whoever starts the server knows what to mend
 * @throws ConfigError for a key that is missing, short, given twice, or visibly not random
 */
export function parseKeyRing(text: string, variable = 'NUXT_SESSION_KEYS'): KeyRing {
  const secrets = text.split(',').map(part => part.trim()).filter(Boolean).map((part, index) => parseKey(part, index, variable))
  if (secrets.length === 0) throw new ConfigError(variable, 'holds no key', REMEDY)
  const keys = secrets.map(deriveKey)
  keys.forEach((key, index) => {
    if (keys.findIndex(other => other.id.equals(key.id)) !== index) {
      throw new ConfigError(variable, `holds key ${index + 1} twice`, 'Each key stands once: the newest first, the ones it replaces behind it.')
    }
  })
  const byId = new Map(keys.map(key => [key.id.readUInt32BE(), key]))
  return { current: keys[0]!, find: id => byId.get(id.readUInt32BE()) }
}

/** Makes the text of one new random key. */
export function generateKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}

function parseKey(text: string, index: number, variable: string): Buffer {
  const bytes = decode(text)
  const name = `key ${index + 1}`
  if (!bytes) throw new ConfigError(variable, `has a ${name} that is neither base64url, base64 nor hexadecimal`, REMEDY)
  if (bytes.length !== KEY_BYTES) throw new ConfigError(variable, `has a ${name} of ${bytes.length} bytes, not ${KEY_BYTES}`, REMEDY)
  if (looksMade(text, bytes)) throw new ConfigError(variable, `has a ${name} that is not random (text, a pattern or an example)`, REMEDY)
  return bytes
}

function decode(text: string): Buffer | undefined {
  if (/^[0-9a-f]+$/i.test(text) && text.length === 2 * KEY_BYTES) return Buffer.from(text, 'hex')
  if (/^[\w+/-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  return undefined
}

/** Catches what people type or paste. A random key is refused with a probability under 1 in 10^9. */
function looksMade(text: string, bytes: Buffer): boolean {
  const distinct = new Set(bytes).size
  const printable = bytes.every(byte => byte >= 0x20 && byte < 0x7F)
  const step = (bytes[1]! - bytes[0]!) & 0xFF
  const counted = bytes.every((byte, i) => i === 0 || ((byte - bytes[i - 1]!) & 0xFF) === step)
  // Typed text that happens to decode: random base64 has letters of both cases. Hexadecimal has its own length.
  const typed = text.length < 2 * KEY_BYTES && (!/[A-Z]/.test(text) || !/[a-z]/.test(text))
  return distinct < 12 || printable || counted || typed
}

// The id is derived apart from the key, so that the cookie, which shows it, tells nothing of the key.
function deriveKey(secret: Buffer): SealKey {
  const derive = (purpose: string, bytes: number) => Buffer.from(hkdfSync('sha256', secret, '', `cloakroom ${purpose} v1`, bytes))
  return { id: derive('key id', KEY_ID_BYTES), key: createSecretKey(derive('seal', KEY_BYTES)) }
}
