import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../layers/session/server/engine/errors'
import { generateKey, parseKeyRing } from '../../../layers/session/server/engine/key-ring'

const bytes = randomBytes(32)
const REMEDY = 'Make one with: node -e "console.log(crypto.randomBytes(32).toString(\'base64url\'))"'

function refusal(text: string, variable?: string): ConfigError {
  try {
    parseKeyRing(text, variable)
  }
  catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error as ConfigError
  }
  throw new Error(`${text} was taken`)
}

describe('parseKeyRing', () => {
  it.each(['base64url', 'base64', 'hex'] as const)('takes a key as %s', (encoding) => {
    expect(parseKeyRing(bytes.toString(encoding)).current.id).toEqual(parseKeyRing(bytes.toString('base64url')).current.id)
  })

  it('takes hexadecimal in capitals', () => {
    expect(parseKeyRing(bytes.toString('hex').toUpperCase()).current.id).toEqual(parseKeyRing(bytes.toString('hex')).current.id)
  })

  it('keeps their order: the first seals, each is found by its id', () => {
    const [first, second] = [generateKey(), generateKey()]
    const ring = parseKeyRing(` ${first} , ${second},`)
    const [one, two] = [parseKeyRing(first).current, parseKeyRing(second).current]
    expect(ring.current.id).toEqual(one.id)
    expect(ring.find(two.id)?.key.equals(two.key)).toBe(true)
    expect(ring.find(one.id)).toBe(ring.current)
    expect(ring.find(Buffer.alloc(4))).toBeUndefined()
  })

  it('derives an id of 4 bytes that is no part of the key', () => {
    const { id, key } = parseKeyRing(generateKey()).current
    expect(id).toHaveLength(4)
    expect(key.export().includes(id)).toBe(false)
  })

  it('takes each of 1000 random keys', () => {
    for (let round = 0; round < 1000; round++) expect(() => parseKeyRing(generateKey())).not.toThrow()
  })
})

describe('a key ring is refused (K5)', () => {
  const pattern = (byte: (i: number) => number) => Buffer.from(Array.from({ length: 32 }, (_, i) => byte(i) & 0xFF)).toString('base64url')

  it.each([
    ['no key', '', 'holds no key'],
    ['only commas', ' , ,', 'holds no key'],
    ['a short key', randomBytes(31).toString('base64url'), 'key 1 of 31 bytes, not 32'],
    ['a long key', randomBytes(33).toString('base64url'), 'key 1 of 33 bytes, not 32'],
    ['half a key in hexadecimal', randomBytes(16).toString('hex'), 'not 32'],
    ['a sentence', 'please change me before you go live', 'neither base64url, base64 nor hexadecimal'],
    ['zeros', '0'.repeat(64), 'not random'],
    ['one byte repeated', pattern(() => 0xA5), 'not random'],
    ['a short word repeated', pattern(i => 'secret'.charCodeAt(i % 6) ^ 0x80), 'not random'],
    ['counting up', pattern(i => i), 'not random'],
    ['counting down in threes', pattern(i => 200 - 3 * i), 'not random'],
    ['readable text in base64', Buffer.from('correct horse battery staple 123').toString('base64'), 'not random'],
  ])('with %s', (_case, text, problem) => {
    expect(refusal(text).message).toContain(problem)
    expect(refusal(text).message).toBe(`[session] NUXT_SESSION_KEYS ${refusal(text).message.split(' ').slice(2).join(' ')}`)
    expect(refusal(text).message).toContain(REMEDY)
  })

  it('with a bad key behind a good one, and says which', () => {
    expect(refusal(`${generateKey()},abc`).message).toContain('key 2')
  })

  it('with the same key twice, however it is written', () => {
    const message = 'holds key 3 twice. Each key stands once: the newest first, the ones it replaces behind it.'
    expect(refusal(`${bytes.toString('base64url')},${generateKey()},${bytes.toString('hex')}`).message).toContain(message)
  })

  it('under the name that the caller gives, such as a key file\'s', () => {
    const { message, variable } = refusal('', 'The key file x.keys')
    expect(variable).toBe('The key file x.keys')
    expect(message).toMatch(/^\[session\] The key file x\.keys holds no key/)
  })

  it('without showing the key', () => {
    for (const key of ['hunter2hunter2', randomBytes(31).toString('hex')]) expect(refusal(key).message).not.toContain(key)
  })

  it.each([
    'change-me-to-a-long-random-secret-please-now',
    'this-is-my-very-secret-session-key-for-prod',
    'correcthorsebatterystaplecorrecthorsebatter',
  ].map(text => text.slice(0, 43)))('when a person typed it and it happens to decode to 32 bytes: %s', (text) => {
    expect(refusal(text).message).toContain('not random')
  })
})
