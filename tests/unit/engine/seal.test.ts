import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateKey, parseKeyRing } from '../../../layers/session/server/engine/key-ring'
import type { KeyRing } from '../../../layers/session/server/engine/key-ring'
import { newTicket, open, seal } from '../../../layers/session/server/engine/seal'

const NAME = '__Host-session'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ring = parseKeyRing(generateKey())
const ticket = newTicket()
const sealed = seal(ring, NAME, ticket)

function openedAs(text: string, name = NAME, keys: KeyRing = ring) {
  return open(keys, name, text)
}

describe('a sealed ticket', () => {
  it('opens to what was sealed', () => {
    expect(openedAs(sealed)).toEqual({ ...ticket, sealedByCurrentKey: true })
  })

  it('has 108 characters, all of base64url, so name and value stay far under 4096 bytes', () => {
    expect(sealed).toMatch(/^[\w-]{108}$/)
  })

  it('looks different each time, though the ticket is the same', () => {
    const texts = new Set(Array.from({ length: 100 }, () => seal(ring, NAME, ticket).slice(7)))
    expect(texts.size).toBe(100)
  })

  it('has a nonce that no other has, by whatever key', () => {
    const rings = [ring, parseKeyRing(generateKey())]
    const nonces = Array.from({ length: 2000 }, (_, index) => Buffer.from(seal(rings[index % 2]!, NAME, ticket), 'base64url').toString('hex', 5, 17))
    expect(new Set(nonces).size).toBe(2000)
    expect(nonces.every(nonce => /^[0-9a-f]{24}$/.test(nonce) && !nonce.includes('00000000'))).toBe(true)
  })

  it('shows neither the sid nor the secret', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    expect(bytes.includes(ticket.sid)).toBe(false)
    expect(bytes.includes(ticket.secret)).toBe(false)
  })
})

describe('tampering', () => {
  it('is refused for each bit of each byte (A1)', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      expect(openedAs(forged.toString('base64url')), `bit ${bit}`).toBeNull()
    }
  })

  it('is refused for each bit of each character of the text (A1)', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const at = bit >> 3
      const forged = sealed.slice(0, at) + String.fromCharCode(sealed.charCodeAt(at) ^ (1 << (bit & 7))) + sealed.slice(at + 1)
      expect(openedAs(forged), `bit ${bit & 7} of character ${at}`).toBeNull()
    }
  })

  it('is refused for each other letter in each place, so no bit of the text is spare', () => {
    for (let at = 0; at < sealed.length; at++) {
      const accepted = [...ALPHABET].filter(letter => openedAs(sealed.slice(0, at) + letter + sealed.slice(at + 1)))
      expect(accepted).toEqual([sealed[at]])
    }
  })

  it('is refused at each length it could be cut to (A2)', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(openedAs(sealed.slice(0, length)), `${length} from the start`).toBeNull()
      expect(openedAs(sealed.slice(-length || sealed.length + 1, sealed.length - 1)), `${length} from the end`).toBeNull()
    }
  })

  it('is refused with 1 to 32 bytes put behind or before (A3)', () => {
    for (let count = 1; count <= 32; count++) {
      const extra = randomBytes(count)
      const bytes = Buffer.from(sealed, 'base64url')
      expect(openedAs(Buffer.concat([bytes, extra]).toString('base64url'))).toBeNull()
      expect(openedAs(Buffer.concat([extra, bytes]).toString('base64url'))).toBeNull()
      expect(openedAs(sealed + 'A'.repeat(count))).toBeNull()
    }
  })

  it('is refused for another way to write the same bytes', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    const spellings = [bytes.toString('hex'), bytes.toString('latin1'), `${sealed}=`, `${sealed}==`, ` ${sealed}`, `${sealed} `, `${sealed}\n`, `"${sealed}"`, encodeURIComponent(`${sealed}\0`)]
    for (const spelling of spellings) expect(openedAs(spelling)).toBeNull()
  })

  it('is refused in base64\'s other alphabet', () => {
    const withSigns = Array.from({ length: 1000 }, () => seal(ring, NAME, ticket)).find(text => /[-_]/.test(text))!
    expect(openedAs(withSigns)).not.toBeNull()
    expect(openedAs(withSigns.replaceAll('-', '+').replaceAll('_', '/'))).toBeNull()
  })

  it('is refused for random text of the right length', () => {
    for (let round = 0; round < 1000; round++) expect(openedAs(randomBytes(81).toString('base64url'))).toBeNull()
  })

  it('is refused for halves of two good tickets', () => {
    const other = seal(ring, NAME, newTicket())
    // The first 7 characters, format and key id, are the same in both.
    for (let at = 8; at < 100; at++) expect(openedAs(sealed.slice(0, at) + other.slice(at))).toBeNull()
  })
})

describe('the key', () => {
  it('must be the one that sealed, whatever id the ticket names (A4)', () => {
    const other = parseKeyRing(generateKey())
    const liar: KeyRing = { current: { id: ring.current.id, key: other.current.key }, find: () => ({ id: ring.current.id, key: other.current.key }) }
    expect(openedAs(sealed, NAME, other)).toBeNull()
    expect(openedAs(sealed, NAME, liar)).toBeNull()
    expect(openedAs(seal(liar, NAME, ticket))).toBeNull()
  })

  it('may be an older one of the ring, and the ticket is marked then (K1)', () => {
    const [older, newer] = [generateKey(), generateKey()]
    const before = parseKeyRing(older)
    const both = parseKeyRing(`${newer},${older}`)
    expect(openedAs(seal(before, NAME, ticket), NAME, both)).toMatchObject({ secret: ticket.secret, sealedByCurrentKey: false })
    expect(openedAs(seal(both, NAME, ticket), NAME, both)).toMatchObject({ sealedByCurrentKey: true })
  })

  it('opens nothing once it is removed from the ring (K2)', () => {
    expect(openedAs(sealed, NAME, parseKeyRing(generateKey()))).toBeNull()
  })
})

describe('the cookie\'s name', () => {
  it('is sealed in, so a ticket of another app or another cookie does not open (A7)', () => {
    for (const name of ['__Host-other', '__Host-sessio', '__Host-session2', '__host-session', '']) expect(openedAs(sealed, name)).toBeNull()
  })
})
