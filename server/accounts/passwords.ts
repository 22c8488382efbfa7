import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Argon2Parameters } from 'node:crypto'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { dictionary } from '@zxcvbn-ts/language-common'
import { nameKey } from './store'

/** Thrown when too many passwords are already waiting to be hashed. */
export class PasswordsBusyError extends Error {
  override name = 'PasswordsBusyError'
}

/**
 * OWASP's password storage cheat sheet: Argon2id with 19 MiB, two passes, one lane. About 22 ms on the project's
 * machine.
 */
const COST = { memory: 19 * 1024, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32

/** Hashes run on Node's pool of four threads, which also reads files: two threads stay free for that. */
const MAX_CONCURRENT_HASHES = 2
/** About one second of waiting. The server refuses further clients, which can try again later. */
const MAX_WAITING_HASHES = 64

const derive = promisify(argon2)
const queue = pLimit(MAX_CONCURRENT_HASHES)

/**
 * Hashes a password with a random salt. Returns a PHC string: algorithm, cost, salt and hash in one line.
 *
 * @throws PasswordsBusyError if too many passwords are already waiting
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return toPhc(COST, salt, await hash(password, salt, COST, TAG_BYTES))
}

/**
 * Returns whether `password` is the one that `stored` was created from. If `stored` is `null`, because no account has
 * the name, it does the same work, so the response time reveals no more than the result (ASVS 6.3.8).
 *
 * @throws PasswordsBusyError if too many passwords are already waiting
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const { cost, salt, tag } = fromPhc(stored ?? NOBODYS)
  const computed = await hash(password, salt, cost, tag.length)
  return timingSafeEqual(computed, tag) && stored !== null
}

/** A hash that no known password produces. */
const NOBODYS = toPhc(COST, randomBytes(SALT_BYTES), randomBytes(TAG_BYTES))

type Cost = Pick<Argon2Parameters, 'memory' | 'passes' | 'parallelism'>

function hash(password: string, salt: Buffer, cost: Cost, tagLength: number): Promise<Buffer> {
  if (queue.pendingCount >= MAX_WAITING_HASHES) {
    throw new PasswordsBusyError('Too many passwords are waiting to be checked.')
  }
  return queue(() => derive('argon2id', { message: password, nonce: salt, tagLength, ...cost }))
}

function toPhc({ memory, passes, parallelism }: Cost, salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

function fromPhc(text: string) {
  const [, memory, passes, parallelism, salt, tag]
    = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(text) ?? []
  if (!tag) throw new Error('[accounts] A stored password is no Argon2id hash in PHC form.')
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt!, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

const common = new Set(dictionary['passwords-common'] as string[])

/**
 * Returns whether a password is one of the about 18,000 most common ones of eight characters or more, in upper or
 * lower case, or is the account's name (ASVS 6.2.4, 6.2.11).
 */
export function isCommonPassword(password: string, name: string): boolean {
  return common.has(password.toLowerCase()) || nameKey(password) === nameKey(name)
}
