import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { ConfigError } from './errors'

const KEY_BYTES = 32
const KEY_ID_BYTES = 4
/** Of 32 random bytes, at least so many differ, with a probability of failure under 1 in 10^9. */
const MIN_DISTINCT_BYTES = 12
/** Random text stays above 0.88 of its length in 200,000 attempts, a repeated half stays below 0.7. */
const MIN_COMPRESSION = 0.75

export const KEY_COMMAND = 'node -e "console.log(crypto.randomBytes(32).toString(\'base64url\'))"'
const FIX = `Create one with: ${KEY_COMMAND}`

/** One key that seals and opens cookies, with the id by which a sealed cookie names it. */
export interface SealKey {
  readonly id: Buffer
  readonly key: KeyObject
}

/** The first key seals, all keys open. Put a new key first, and drop an old one after the longest absolute timeout. */
export interface KeyRing {
  readonly current: SealKey
  /** By their ids, read as unsigned 32-bit integers. */
  readonly keysById: ReadonlyMap<number, SealKey>
}

/**
 * Builds a key ring from comma-separated keys of 32 random bytes each, as base64url, base64 or hexadecimal.
 *
 * @param setting named in the error, so that the operator knows what to fix
 * @throws ConfigError for a key that is missing, too short, listed twice, or visibly not random
 */
export function parseKeyRing(text: string, setting = 'NUXT_CLOAKROOM_KEYS'): KeyRing {
  const parts = text.split(',').map(part => part.trim()).filter(Boolean)
  if (parts.length === 0) throw new ConfigError(setting, 'holds no key', FIX)
  const keys = parts.map((part, index) => deriveKey(parseKey(part, index, setting)))
  keys.forEach((key, index) => {
    if (keys.findIndex(other => other.id.equals(key.id)) === index) return
    throw new ConfigError(setting, `holds key ${index + 1} twice`, 'List each key once, the newest first.')
  })
  return { current: keys[0]!, keysById: new Map(keys.map(key => [key.id.readUInt32BE(), key])) }
}

/** Returns one new random key as text. */
export function generateKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}

function parseKey(text: string, index: number, setting: string): Buffer {
  const fail = (problem: string): never => {
    throw new ConfigError(setting, `holds a key (number ${index + 1}) that ${problem}`, FIX)
  }
  const bytes = decode(text)
  if (!bytes) return fail('is neither base64url, base64 nor hexadecimal')
  if (bytes.length !== KEY_BYTES) return fail(`has ${bytes.length} bytes, not ${KEY_BYTES}`)
  if (looksNonRandom(text, bytes)) return fail('is not random (text, a pattern or an example)')
  return bytes
}

function decode(text: string): Buffer | undefined {
  if (/^[0-9a-f]+$/i.test(text) && text.length === 2 * KEY_BYTES) return Buffer.from(text, 'hex')
  if (/^[\w+/-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  return undefined
}

/** Recognizes what people type or paste. */
function looksNonRandom(text: string, bytes: Buffer): boolean {
  const isPrintable = bytes.every(byte => byte >= 0x20 && byte < 0x7F)
  const isPatterned = [bytes, stepsOf(bytes), stepsOf(Buffer.from(text))].some(isCompressible)
  // Typed text can be valid base64, but random base64 has letters of both cases. Hexadecimal has a length of its own.
  const isTyped = text.length < 2 * KEY_BYTES && (!/[A-Z]/.test(text) || !/[a-z]/.test(text))
  return new Set(bytes).size < MIN_DISTINCT_BYTES || isPrintable || isPatterned || isTyped
}

/** What counts up, as in 0123 or abcd, has equal steps. */
function stepsOf(bytes: Buffer): Buffer {
  return bytes.subarray(1).map((byte, i) => byte - bytes[i]!) as Buffer
}

function isCompressible(bytes: Buffer): boolean {
  return deflateRawSync(bytes).length < MIN_COMPRESSION * bytes.length
}

// The id is derived separately, so that the cookie, which shows it, reveals nothing about the key.
function deriveKey(secret: Buffer): SealKey {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `cloakroom ${purpose} v1`, length))
  return { id: derive('key id', KEY_ID_BYTES), key: createSecretKey(derive('seal', KEY_BYTES)) }
}
