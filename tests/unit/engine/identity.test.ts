import { describe, expect, it } from 'vitest'
import { handleOf, hashSecret, sameHash, storeKeyOf, successorOf } from '../../../layers/session/server/engine/identity'
import { newTicket } from '../../../layers/session/server/engine/seal'

const { sid, secret } = newTicket()

describe('storeKeyOf', () => {
  it('is 32 characters of lower-case hexadecimal, which every driver keeps as they are', () => {
    expect(storeKeyOf(sid)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is the same for the same sid, and not the sid', () => {
    expect(storeKeyOf(Buffer.from(sid))).toBe(storeKeyOf(sid))
    expect(storeKeyOf(sid)).not.toContain(sid.toString('hex'))
  })
})

describe('handleOf', () => {
  it('is 16 characters that are safe in a URL, and not part of the key', () => {
    const key = storeKeyOf(sid)
    expect(handleOf(key)).toMatch(/^[\w-]{16}$/)
    expect(key).not.toContain(handleOf(key))
  })
})

describe('hashes', () => {
  it('of one value for two purposes differ', () => {
    expect(Buffer.from(hashSecret(sid), 'base64url').toString('hex').startsWith(storeKeyOf(sid))).toBe(false)
  })

  it('are equal only where every character is', () => {
    const hash = hashSecret(secret)
    expect(sameHash(hash, hashSecret(Buffer.from(secret)))).toBe(true)
    for (const other of ['', hash.slice(1), `${hash}A`, hashSecret(newTicket().secret), 'ü'.repeat(hash.length), hash.toLowerCase()]) expect(sameHash(hash, other)).toBe(false)
  })
})

describe('successorOf', () => {
  it('gives everyone who holds the old secret the same new one', () => {
    expect(successorOf(secret, 'salt')).toEqual(successorOf(Buffer.from(secret), 'salt'))
    expect(successorOf(secret, 'salt')).toHaveLength(32)
  })

  it('differs by secret and by salt', () => {
    const all = [successorOf(secret, 'a'), successorOf(secret, 'b'), successorOf(newTicket().secret, 'a'), secret]
    expect(new Set(all.map(buffer => buffer.toString('hex'))).size).toBe(4)
  })
})
