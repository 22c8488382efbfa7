import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { BinaryToTextEncoding } from 'node:crypto'
import { SID_TIME_BYTES } from './seal'

const STORE_KEY_CHARACTERS = 32
const STORE_KEY_TIME_CHARACTERS = 2 * SID_TIME_BYTES
const HANDLE_CHARACTERS = 16

/**
 * The key a session is stored under: when it was made, then 80 bits of a hash, so that keys are in the order of time. In lower-case hexadecimal, which every file
 * system and driver keeps as it is.
 */
export function storeKeyOf(sid: Buffer): string {
  return sid.toString('hex', 0, SID_TIME_BYTES) + digest('store key', sid, 'hex').slice(0, STORE_KEY_CHARACTERS - STORE_KEY_TIME_CHARACTERS)
}

/** The public name of a session: stable, derived one way from its store key, safe to show and to log. */
export function handleOf(storeKey: string): string {
  return digest('handle', storeKey, 'base64url').slice(0, HANDLE_CHARACTERS)
}

/** An owner's name where the owner's id must not be read: in what one process tells the others. */
export function ownerTagOf(owner: string): string {
  return digest('owner', owner, 'base64url').slice(0, HANDLE_CHARACTERS)
}

/** What the store keeps of a secret. The secret has 256 random bits, so a plain hash needs no salt and no slowness. */
export function hashSecret(secret: Buffer): string {
  return digest('secret', secret, 'base64url')
}

/** Compares two hashes in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * The secret that follows `secret` at a periodic rotation.
 *
 * The store holds hashes only, yet parallel requests that still carry the old secret must all be given the *same* new
 * cookie. So the new secret is computed from the old one and a random salt kept in the record: whoever holds the old
 * secret within its grace gets the new one; whoever has read the store has only the salt.
 */
export function successorOf(secret: Buffer, salt: string): Buffer {
  return createHmac('sha256', secret).update(`cloakroom successor v1\0${salt}`).digest()
}

/** In one call: half the time of a hash object for inputs this short. */
function digest(purpose: string, input: Buffer | string, encoding: BinaryToTextEncoding): string {
  return hash('sha256', Buffer.concat([Buffer.from(`cloakroom ${purpose} v1\0`), typeof input === 'string' ? Buffer.from(input) : input]), encoding)
}
