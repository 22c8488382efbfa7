import { describe, expect, it } from 'vitest'
import { idleExpiresAt } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/policy'
import type { SessionRecord } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import { flatten } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/plain-data'
import {
  NO_DATA, decodeRecord, decodeSession, encodeRecord, isOfAnotherSession, metaOf, revive,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import { secretTagOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/secret-tag'

const record: SessionRecord = {
  key: 'key',
  secretHash: 'hash',
  previous: { hash: 'old', salt: 'salt', grace: { from: 1, until: 5 }, older: null },
  rotatedAt: 1,
  secretGeneration: 0,
  userId: 'ada',
  authenticatedAt: 2,
  createdAt: 3,
  idleTimeout: 100,
  expiresAt: 1000,
  persistent: true,
  label: 'Firefox',
  data: flatten({ a: 1 }),
}

const encoded = encodeRecord(record)

/** The encoded record with other fields. */
function altered(change: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(encoded), ...change })
}

/** The encoded record with other fields of the previous secret. */
function withPrevious(change: Record<string, unknown>): string {
  return altered({ previous: { ...record.previous, ...change } })
}

describe('encodeRecord', () => {
  it('returns text that decodeRecord turns back into the same record', () => {
    expect(decodeRecord(encoded)).toMatchObject({ record, values: { a: 1 } })
    const bare = { ...record, previous: null, userId: null, authenticatedAt: null }
    expect(decodeRecord(encodeRecord(bare))).toMatchObject({ record: bare })
  })

  it('adds the version of the schema', () => {
    expect(JSON.parse(encoded)).toMatchObject({ schema: 3 })
  })

  it('returns another text for each write of the same record', () => {
    expect(encodeRecord(record)).not.toBe(encodeRecord(record))
  })
})

describe('a record of schema 1', () => {
  const [hash, salt] = ['old', 'salt']

  it.each([
    ['a previous secret in its grace period', { hash, salt, until: 31 }, { from: 1, until: 31 }],
    ['a previous secret that became invalid immediately', { hash, salt: '', until: 0 }, { from: 1, until: 1 }],
  ])('is read with %s', (_case, previous, grace) => {
    const read = decodeRecord(altered({ schema: 1, previous }))
    const expected = { ...record, key: null, previous: { hash, salt: previous.salt, grace, older: null } }
    expect(read).toMatchObject({ record: expected, values: { a: 1 } })
    expect(decodeRecord(encodeRecord(read!.record))).toMatchObject({ record: expected })
  })

  it('is read without a previous secret, and written with the current schema', () => {
    const read = decodeRecord(altered({ schema: 1, previous: null }))!
    expect(read.record.previous).toBeNull()
    expect(JSON.parse(encodeRecord(read.record))).toMatchObject({ schema: 3, previous: null })
  })
})

describe('a record of schema 2', () => {
  it('is read under any key, because it has none', () => {
    const row = { value: altered({ schema: 2, key: undefined }), version: 1, lastSeenAt: 1 }
    expect(decodeSession('any key', row)?.record).toMatchObject({ ...record, key: null, schema: 3 })
  })
})

describe('a record of another session', () => {
  it.each([['with another key', 'other'], ['with an empty key', '']])('is not decoded: %s', (_case, key) => {
    const row = { value: altered({ key }), version: 1, lastSeenAt: 1 }
    expect([decodeSession('key', row), isOfAnotherSession('key', row)]).toEqual([null, true])
  })

  it('is told from a damaged one', () => {
    expect(isOfAnotherSession('key', { value: altered({ key: 7 }), version: 1, lastSeenAt: 1 })).toBe(false)
    expect(isOfAnotherSession('key', { value: encoded, version: 1, lastSeenAt: 1 })).toBe(false)
  })
})

describe('decodeRecord', () => {
  it.each([
    ['an empty value', ''],
    ['text', 'hello'],
    ['half a record', encoded.slice(0, encoded.length / 2)],
    ['bytes', '\0\x01\uFFFF'],
    ['null', 'null'],
    ['an array', `[${encoded}]`],
    ['a number', '1'],
    ['an empty object', '{}'],
    ['10 MB of nested arrays', '['.repeat(10_000_000)],
    ['a newer schema', altered({ schema: 4 })],
    ['an older schema', altered({ schema: 0 })],
    ['a schema as text', altered({ schema: '1' })],
    ['no secret hash', altered({ secretHash: undefined })],
    ['a secret hash of another type', altered({ secretHash: 5 })],
    ['no previous secret, not even null', altered({ previous: undefined })],
    ['an end of the grace period as text', withPrevious({ grace: { from: 1, until: 'later' } })],
    ['a grace period without a start', withPrevious({ grace: { until: 5 } })],
    ['no grace period, not even null', withPrevious({ grace: undefined })],
    ['an older secret of another type', withPrevious({ older: 5 })],
    ['a previous secret without salt', withPrevious({ salt: undefined })],
    ['schema 1 without a previous secret, not even null', altered({ schema: 1, previous: undefined })],
    ['a user id of another type', altered({ userId: 5 })],
    ['no user id, not even null', altered({ userId: undefined })],
    ['no expiry', altered({ expiresAt: undefined })],
    ['an expiry as text', altered({ expiresAt: '1000' })],
    ['no idle timeout', altered({ idleTimeout: null })],
    ['a flag of another type', altered({ persistent: 1 })],
    ['no label', altered({ label: undefined })],
    ['no data', altered({ data: undefined })],
    ['data of another type', altered({ data: { a: 1 } })],
  ])('returns null for %s, and so does decodeSession', (_case, value) => {
    expect(decodeRecord(value)).toBeNull()
    expect(decodeSession('key', { value, version: 1, lastSeenAt: 1 })).toBeNull()
  })

  it.each([
    ['an empty array', []],
    ['text', ['hello']],
    ['undefined', [-1]],
    ['an array', [[1], 5]],
    ['an object with a reference to a missing value', [{ a: 7 }]],
    ['a type that devalue does not know', [['Elephant', 1], 2]],
    ['a date', [['Date', '2026-01-01T00:00:00.000Z']]],
  ])('returns null for a record whose data is %s', (_case, data) => {
    expect(decodeRecord(altered({ data }))).toBeNull()
  })
})

describe('idleExpiresAt', () => {
  it('returns the end of the idle timeout, or the absolute expiry if that is earlier', () => {
    const ends = [100, 899, 900, 950].map(lastSeenAt => idleExpiresAt({ lastSeenAt, record }))
    expect(ends).toEqual([200, 999, 1000, 1000])
  })
})

describe('metaOf', () => {
  it('returns what a store needs for its index and its sweep, and nothing else', () => {
    const times = { createdAt: 3, lastSeenAt: 7, idleTimeout: 100, expiresAt: 1000 }
    expect(metaOf(record, 7)).toEqual({ userId: 'ada', ...times, secretTag: secretTagOf(record) })
  })
})

describe('flatten and revive', () => {
  it('keep Date, Map, Set, BigInt, RegExp, undefined, NaN, -0 and repeated references', () => {
    const shared = { deep: [1, 2] }
    const values = {
      date: new Date(5),
      map: new Map([['a', new Set([1n])]]),
      big: 2n ** 80n,
      pattern: /a+/gi,
      holes: [undefined, Number.NaN, -0, Infinity, null],
      one: shared,
      two: shared,
      text: '</script>\u2028\0é😀',
    }
    const copy = revive(flatten(values)) as typeof values
    expect(copy).toEqual(values)
    expect(copy.one).toBe(copy.two)
    expect(Object.is(copy.holes[2], -0)).toBe(true)
  })

  it('use plain JSON for the store', () => {
    const flat = flatten({ date: new Date(5), map: new Map([[1, 2]]) })
    expect(JSON.parse(JSON.stringify(flat))).toEqual(flat)
  })

  it('create a new copy at each call', () => {
    const flat = flatten({ list: [1] })
    const first = revive(flat) as { list: number[] }
    first.list.push(2)
    expect(revive(flat)).toEqual({ list: [1] })
    expect(revive(NO_DATA)).toEqual({})
  })

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('throw for %s', (_case, value) => {
    expect(() => flatten({ value })).toThrow()
  })

  it('throw for data that sets a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"admin": true}}') as Record<string, unknown>
    expect(() => flatten(hostile)).toThrow()
    expect(() => revive([{ ['__proto__']: 1 }, { admin: 2 }, true])).toThrow()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })
})
