import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { configErrorOf } from '../../support/config-error'

const bytes = randomBytes(32)
const FIX = 'Create one with: node -e "console.log(crypto.randomBytes(32).toString(\'base64url\'))"'

/** The error with which these keys are refused. */
const refusal = (text: string, setting?: string) => configErrorOf(() => parseKeyRing(text, setting))

/** 32 bytes that are computed from their position, as base64url. */
function pattern(byteAt: (index: number) => number): string {
  return Buffer.from(Array.from({ length: 32 }, (_, index) => byteAt(index) & 0xFF)).toString('base64url')
}

describe('parseKeyRing', () => {
  it.each(['base64url', 'base64', 'hex'] as const)('accepts a key as %s', (encoding) => {
    const { id } = parseKeyRing(bytes.toString(encoding)).current
    expect(id).toEqual(parseKeyRing(bytes.toString('base64url')).current.id)
  })

  it('accepts hexadecimal in capitals', () => {
    const { id } = parseKeyRing(bytes.toString('hex').toUpperCase()).current
    expect(id).toEqual(parseKeyRing(bytes.toString('hex')).current.id)
  })

  it('seals with the first key, and finds each key by its id', () => {
    const [first, second] = [generateKey(), generateKey()]
    const ring = parseKeyRing(` ${first} , ${second},`)
    const [one, two] = [parseKeyRing(first).current, parseKeyRing(second).current]
    expect(ring.current.id).toEqual(one.id)
    expect(ring.keysById.size).toBe(2)
    expect(ring.keysById.get(two.id.readUInt32BE())?.id).toEqual(two.id)
    expect(ring.keysById.get(two.id.readUInt32BE())?.key.equals(two.key)).toBe(true)
    expect(ring.keysById.get(one.id.readUInt32BE())).toBe(ring.current)
    expect(ring.keysById.get(0)).toBeUndefined()
  })

  it('derives an id of 4 bytes that is not part of the key', () => {
    const { id, key } = parseKeyRing(generateKey()).current
    expect(id).toHaveLength(4)
    expect(key.export().includes(id)).toBe(false)
  })

  it('accepts each of 1000 random keys', () => {
    for (let round = 0; round < 1000; round++) expect(() => parseKeyRing(generateKey())).not.toThrow()
  })
})

describe('parseKeyRing with invalid keys', () => {
  it.each([
    ['an empty list', '', 'holds no key'],
    ['a list of commas', ' , ,', 'holds no key'],
    ['a short key', randomBytes(31).toString('base64url'), 'holds a key (number 1) that has 31 bytes, not 32'],
    ['a long key', randomBytes(33).toString('base64url'), 'holds a key (number 1) that has 33 bytes, not 32'],
    ['half a key in hexadecimal', randomBytes(16).toString('hex'), 'not 32'],
    ['a sentence', 'please change me before you go live', 'neither base64url, base64 nor hexadecimal'],
    ['zeros', '0'.repeat(64), 'not random'],
    ['a repeated byte', pattern(() => 0xA5), 'not random'],
    ['a repeated short word', pattern(index => 'secret'.charCodeAt(index % 6) ^ 0x80), 'not random'],
    ['bytes that count up', pattern(index => index), 'not random'],
    ['half a random key, twice', randomBytes(16).toString('hex').repeat(2), 'not random'],
    ['doubled digits', '00112233445566778899aabbccddeeff'.repeat(2), 'not random'],
    ['the alphabet', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq', 'not random'],
    ['bytes that count down by three', pattern(index => 200 - 3 * index), 'not random'],
    ['text as base64', Buffer.from('correct horse battery staple 123').toString('base64'), 'not random'],
  ])('refuses %s, and names the setting and the fix', (_case, text, problem) => {
    const { message } = refusal(text)
    expect(message).toContain(problem)
    expect(message.startsWith('[cloakroom] NUXT_CLOAKROOM_KEYS holds ')).toBe(true)
    expect(message.endsWith(`. ${FIX}`)).toBe(true)
  })

  it.each([
    'change-me-to-a-long-random-secret-please-now',
    'this-is-my-very-secret-session-key-for-prod',
    'correcthorsebatterystaplecorrecthorsebatter',
  ].map(text => text.slice(0, 43)))('refuses typed text that happens to decode to 32 bytes: %s', (text) => {
    expect(refusal(text).message).toContain('not random')
  })

  it('refuses an invalid key after a valid one, and names its position', () => {
    expect(refusal(`${generateKey()},abc`).message).toContain('holds a key (number 2)')
  })

  it('refuses a key that occurs twice, even in another encoding', () => {
    const { message } = refusal(`${bytes.toString('base64url')},${generateKey()},${bytes.toString('hex')}`)
    expect(message).toContain('holds key 3 twice. List each key once, the newest first.')
  })

  it('names the setting that the caller passes, for example a key file', () => {
    const { message, setting } = refusal('', 'The key file x.keys')
    expect(setting).toBe('The key file x.keys')
    expect(message).toMatch(/^\[cloakroom\] The key file x\.keys holds no key/)
  })

  it('does not show the key in the error', () => {
    for (const key of ['hunter2hunter2', randomBytes(31).toString('hex')]) {
      expect(refusal(key).message).not.toContain(key)
    }
  })
})
