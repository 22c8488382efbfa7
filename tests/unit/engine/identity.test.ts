import { describe, expect, it } from 'vitest'
import { handleOf, hashSecret, sameHash, storeKeyOf, successorOf } from '../../../layers/session/server/engine/identity'
import { newTicket } from '../../../layers/session/server/engine/seal'

const { sid, secret } = newTicket()

describe('storeKeyOf', () => {
  it('is 32 characters of lower-case hexadecimal, which every driver keeps as they are', () => {
    expect(storeKeyOf(sid)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is the same for the same sid, and another for another', () => {
    expect(storeKeyOf(Buffer.from(sid))).toBe(storeKeyOf(sid))
    const keys = Array.from({ length: 1000 }, () => storeKeyOf(newTicket(1).sid))
    expect(new Set(keys).size).toBe(1000)
  })

  it('tells of a sid no more than when it was made', () => {
    const [time, rest] = [sid.toString('hex', 0, 6), sid.toString('hex', 6)]
    expect(storeKeyOf(sid).startsWith(time)).toBe(true)
    expect(storeKeyOf(sid)).not.toContain(rest.slice(0, 6))
  })

  it('is in the order of time, from the epoch to the year 10889', () => {
    const times = [-1, 0, 1, 255, 256, 1.5e12, 1.5e12 + 0.5, Date.now(), 2 ** 47, 2 ** 48 - 1]
    const keys = times.map(time => storeKeyOf(newTicket(time).sid).slice(0, 12))
    expect(keys).toEqual(keys.toSorted())
    expect(keys.map(key => Number.parseInt(key, 16))).toEqual(times.map(time => Math.max(0, Math.trunc(time))))
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
