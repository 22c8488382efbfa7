import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newSessionCookie, open, seal } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import type { KeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'

const NAME = '__Host-session'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ring = parseKeyRing(generateKey())
const cookie = newSessionCookie()
const sealed = seal(ring, NAME, cookie)

function openedAs(text: string, name = NAME, keys: KeyRing = ring) {
  return open(keys, name, text)
}

describe('seal', () => {
  it('returns text that opens to the same cookie', () => {
    expect(openedAs(sealed)).toEqual({ ...cookie, sealedByCurrentKey: true })
  })

  it('returns 108 characters of base64url, so that name and value stay far under 4096 bytes', () => {
    expect(sealed).toMatch(/^[\w-]{108}$/)
  })

  it('returns different text at each call for the same cookie', () => {
    const texts = new Set(Array.from({ length: 100 }, () => seal(ring, NAME, cookie).slice(7)))
    expect(texts.size).toBe(100)
  })

  it('uses each nonce once, whatever the key', () => {
    const rings = [ring, parseKeyRing(generateKey())]
    const nonces = Array.from({ length: 2000 }, (_, index) =>
      Buffer.from(seal(rings[index % 2]!, NAME, cookie), 'base64url').toString('hex', 5, 17))
    expect(new Set(nonces).size).toBe(2000)
    expect(nonces.every(nonce => /^[0-9a-f]{24}$/.test(nonce) && !nonce.includes('00000000'))).toBe(true)
  })

  it('shows neither the sid nor the secret', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    expect(bytes.includes(cookie.sid)).toBe(false)
    expect(bytes.includes(cookie.secret)).toBe(false)
  })
})

describe('open', () => {
  it('opens a cookie of an older key of the ring, and marks it', () => {
    const [older, newer] = [generateKey(), generateKey()]
    const before = parseKeyRing(older)
    const both = parseKeyRing(`${newer},${older}`)
    const marked = { secret: cookie.secret, sealedByCurrentKey: false }
    expect(openedAs(seal(before, NAME, cookie), NAME, both)).toMatchObject(marked)
    expect(openedAs(seal(both, NAME, cookie), NAME, both)).toMatchObject({ sealedByCurrentKey: true })
  })

  it('returns null for each flipped bit of the bytes', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      expect(openedAs(forged.toString('base64url')), `bit ${bit}`).toBeNull()
    }
  })

  it('returns null for each flipped bit of the text', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const at = bit >> 3
      const flipped = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << (bit & 7)))
      const forged = sealed.slice(0, at) + flipped + sealed.slice(at + 1)
      expect(openedAs(forged), `bit ${bit & 7} of character ${at}`).toBeNull()
    }
  })

  it('returns null for each other letter at each position, so no bit of the text is spare', () => {
    for (let at = 0; at < sealed.length; at++) {
      const accepted = [...ALPHABET].filter(letter => openedAs(sealed.slice(0, at) + letter + sealed.slice(at + 1)))
      expect(accepted).toEqual([sealed[at]])
    }
  })

  it('returns null for each shorter part', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(openedAs(sealed.slice(0, length)), `${length} from the start`).toBeNull()
      const end = sealed.slice(-length || sealed.length + 1, sealed.length - 1)
      expect(openedAs(end), `${length} from the end`).toBeNull()
    }
  })

  it('returns null for 1 to 32 bytes more at either end', () => {
    for (let count = 1; count <= 32; count++) {
      const extra = randomBytes(count)
      const bytes = Buffer.from(sealed, 'base64url')
      expect(openedAs(Buffer.concat([bytes, extra]).toString('base64url'))).toBeNull()
      expect(openedAs(Buffer.concat([extra, bytes]).toString('base64url'))).toBeNull()
      expect(openedAs(sealed + 'A'.repeat(count))).toBeNull()
    }
  })

  it('returns null for the same bytes in another encoding', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    const spellings = [
      bytes.toString('hex'), bytes.toString('latin1'), `${sealed}=`, `${sealed}==`, ` ${sealed}`, `${sealed} `,
      `${sealed}\n`, `"${sealed}"`, encodeURIComponent(`${sealed}\0`),
    ]
    for (const spelling of spellings) expect(openedAs(spelling)).toBeNull()
  })

  it('returns null for the same bytes in base64 with plus and slash', () => {
    const texts = Array.from({ length: 1000 }, () => seal(ring, NAME, cookie))
    const withSigns = texts.find(text => /[-_]/.test(text))!
    expect(openedAs(withSigns)).not.toBeNull()
    expect(openedAs(withSigns.replaceAll('-', '+').replaceAll('_', '/'))).toBeNull()
  })

  it('returns null for random text of the right length', () => {
    for (let round = 0; round < 1000; round++) expect(openedAs(randomBytes(81).toString('base64url'))).toBeNull()
  })

  it('returns null for a part of one sealed cookie followed by a part of another', () => {
    const other = seal(ring, NAME, newSessionCookie())
    // Both begin with the same format and key id, and sometimes with the same bits of a nonce.
    const firstDifference = [...sealed].findIndex((letter, at) => letter !== other[at])
    expect(firstDifference).toBeLessThan(20)
    for (let at = firstDifference + 1; at < 100; at++) {
      expect(openedAs(sealed.slice(0, at) + other.slice(at))).toBeNull()
    }
  })

  it('returns null for a cookie of another key, even under the key id of this one', () => {
    const other = parseKeyRing(generateKey())
    const impostor = { id: ring.current.id, key: other.current.key }
    const liar: KeyRing = { current: impostor, keysById: new Map([[ring.current.id.readUInt32BE(), impostor]]) }
    expect(openedAs(sealed, NAME, other)).toBeNull()
    expect(openedAs(sealed, NAME, liar)).toBeNull()
    expect(openedAs(seal(liar, NAME, cookie))).toBeNull()
  })

  it('returns null for a cookie whose key was removed from the ring', () => {
    const [older, newer] = [generateKey(), generateKey()]
    const text = seal(parseKeyRing(older), NAME, cookie)
    expect(openedAs(text, NAME, parseKeyRing(`${newer},${older}`))).not.toBeNull()
    expect(openedAs(text, NAME, parseKeyRing(newer))).toBeNull()
  })

  it('returns null for a cookie of another name, for example of another app', () => {
    const names = ['__Host-other', '__Host-sessio', '__Host-session2', '__host-session', '']
    for (const name of names) expect(openedAs(sealed, name)).toBeNull()
  })
})
