import { describe, expect, it } from 'vitest'
import {
  deriveNextSecret, hashSecret, hashesMatch, newSessionCookie, sessionIdOf, storeKeyOf,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'

const { sid, secret } = newSessionCookie()

describe('storeKeyOf', () => {
  it('returns 32 characters of lower-case hexadecimal, which every driver keeps unchanged', () => {
    expect(storeKeyOf(sid)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('returns the same key for the same sid, and different keys for different sids', () => {
    expect(storeKeyOf(Buffer.from(sid))).toBe(storeKeyOf(sid))
    const keys = Array.from({ length: 1000 }, () => storeKeyOf(newSessionCookie(1).sid))
    expect(new Set(keys).size).toBe(1000)
  })

  it('reveals nothing of a sid but its creation time', () => {
    const [time, rest] = [sid.toString('hex', 0, 6), sid.toString('hex', 6)]
    expect(storeKeyOf(sid).startsWith(time)).toBe(true)
    expect(storeKeyOf(sid)).not.toContain(rest.slice(0, 6))
  })

  it('returns keys in the order of their creation time, from the epoch to the year 10889', () => {
    const times = [-1, 0, 1, 255, 256, 1.5e12, 1.5e12 + 0.5, Date.now(), 2 ** 47, 2 ** 48 - 1]
    const keys = times.map(time => storeKeyOf(newSessionCookie(time).sid).slice(0, 12))
    expect(keys).toEqual(keys.toSorted())
    expect(keys.map(key => Number.parseInt(key, 16))).toEqual(times.map(time => Math.max(0, Math.trunc(time))))
  })
})

describe('sessionIdOf', () => {
  it('returns 16 characters that are safe in a URL and are not part of the store key', () => {
    const key = storeKeyOf(sid)
    expect(sessionIdOf(key)).toMatch(/^[\w-]{16}$/)
    expect(key).not.toContain(sessionIdOf(key))
  })
})

describe('hashSecret', () => {
  it('returns a different hash than storeKeyOf for the same bytes', () => {
    expect(Buffer.from(hashSecret(sid), 'base64url').toString('hex').startsWith(storeKeyOf(sid))).toBe(false)
  })
})

describe('hashesMatch', () => {
  it('returns true only if every character is equal', () => {
    const hash = hashSecret(secret)
    expect(hashesMatch(hash, hashSecret(Buffer.from(secret)))).toBe(true)
    const others = [
      '', hash.slice(1), `${hash}A`, hashSecret(newSessionCookie().secret), 'ü'.repeat(hash.length), hash.toLowerCase(),
    ]
    for (const other of others) expect(hashesMatch(hash, other)).toBe(false)
  })
})

describe('deriveNextSecret', () => {
  it('returns the same new secret of 32 bytes for the same old secret and salt', () => {
    expect(deriveNextSecret(secret, 'salt')).toEqual(deriveNextSecret(Buffer.from(secret), 'salt'))
    expect(deriveNextSecret(secret, 'salt')).toHaveLength(32)
  })

  it('returns different secrets for different secrets and for different salts', () => {
    const other = newSessionCookie().secret
    const all = [deriveNextSecret(secret, 'a'), deriveNextSecret(secret, 'b'), deriveNextSecret(other, 'a'), secret]
    expect(new Set(all.map(buffer => buffer.toString('hex'))).size).toBe(4)
  })
})
