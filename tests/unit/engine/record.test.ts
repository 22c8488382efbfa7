import { describe, expect, it } from 'vitest'
import { NO_DATA, decodeRecord, encodeRecord, flatten, idleEnd, liveSession, metaOf, revive } from '../../../layers/session/server/engine/record'
import type { SessionRecord } from '../../../layers/session/server/engine/record'

const record: SessionRecord = {
  secretHash: 'hash',
  previous: { hash: 'old', until: 5, salt: 'salt' },
  rotatedAt: 1,
  era: 0,
  owner: 'ada',
  authenticatedAt: 2,
  createdAt: 3,
  idleTimeout: 100,
  expiresAt: 1000,
  persistent: true,
  label: 'Firefox',
  data: flatten({ a: 1 }),
}

const encoded = encodeRecord(record)

function altered(change: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(encoded), ...change })
}

describe('a record', () => {
  it('comes back as it was stored', () => {
    expect(decodeRecord(encoded)).toMatchObject({ record, values: { a: 1 } })
    const bare = { ...record, previous: null, owner: null, authenticatedAt: null }
    expect(decodeRecord(encodeRecord(bare))).toMatchObject({ record: bare })
  })

  it('says its schema', () => {
    expect(JSON.parse(encoded)).toMatchObject({ schema: 1 })
  })

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['half a record', encoded.slice(0, encoded.length / 2)],
    ['bytes', '\0\x01\uFFFF'],
    ['null', 'null'],
    ['a list', `[${encoded}]`],
    ['a number', '1'],
    ['an empty object', '{}'],
    ['10 MB of nesting', '['.repeat(10_000_000)],
    ['a newer schema', altered({ schema: 2 })],
    ['an older schema', altered({ schema: 0 })],
    ['a schema in words', altered({ schema: '1' })],
    ['no secret', altered({ secretHash: undefined })],
    ['a secret of another type', altered({ secretHash: 5 })],
    ['no word on the previous secret', altered({ previous: undefined })],
    ['a broken previous secret', altered({ previous: { hash: 'x', until: 'later', salt: 'y' } })],
    ['a previous secret without salt', altered({ previous: { hash: 'x', until: 5 } })],
    ['an owner of another type', altered({ owner: 5 })],
    ['no owner', altered({ owner: undefined })],
    ['no end', altered({ expiresAt: undefined })],
    ['an end in words', altered({ expiresAt: '1000' })],
    ['no idle timeout', altered({ idleTimeout: null })],
    ['a flag of another type', altered({ persistent: 1 })],
    ['no label', altered({ label: undefined })],
    ['no data', altered({ data: undefined })],
    ['data of another type', altered({ data: { a: 1 } })],
  ])('that is %s is none (E10)', (_case, value) => {
    expect(decodeRecord(value)).toBeNull()
    expect(liveSession('key', { value, version: 1, lastSeenAt: 1 })).toBeNull()
  })

  it.each([
    ['an empty list', []],
    ['text', ['hello']],
    ['nothing', [-1]],
    ['a list', [[1], 5]],
    ['an object that points outside', [{ a: 7 }]],
    ['a type that devalue does not know', [['Elephant', 1], 2]],
    ['a date', [['Date', '2026-01-01T00:00:00.000Z']]],
  ])('whose data is %s is none (E10)', (_case, data) => {
    expect(decodeRecord(altered({ data }))).toBeNull()
  })

  it('ends at the nearer of its two clocks', () => {
    const live = (lastSeenAt: number) => ({ key: 'key', version: 1, lastSeenAt, record })
    expect([100, 899, 900, 950].map(lastSeenAt => idleEnd(live(lastSeenAt)))).toEqual([200, 999, 1000, 1000])
  })

  it('tells the store what an index and a sweep need, and nothing else', () => {
    expect(metaOf(record, 7)).toEqual({ owner: 'ada', createdAt: 3, lastSeenAt: 7, idleTimeout: 100, expiresAt: 1000 })
  })
})

describe('data', () => {
  it('keeps Date, Map, Set, BigInt, RegExp, undefined, NaN, -0 and repeated references', () => {
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

  it('is plain JSON in the store', () => {
    const flat = flatten({ date: new Date(5), map: new Map([[1, 2]]) })
    expect(JSON.parse(JSON.stringify(flat))).toEqual(flat)
  })

  it('is a new copy each time', () => {
    const flat = flatten({ list: [1] })
    const first = revive(flat) as { list: number[] }
    first.list.push(2)
    expect(revive(flat)).toEqual({ list: [1] })
    expect(revive(NO_DATA)).toEqual({})
  })

  it.each([
    ['a function', () => 1],
    ['a class instance', new EventTarget()],
    ['a symbol', Symbol('x')],
  ])('refuses %s', (_case, value) => {
    expect(() => flatten({ value })).toThrow()
  })

  it('never carries a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"admin": true}}') as Record<string, unknown>
    expect(() => flatten(hostile)).toThrow()
    expect(() => revive([{ ['__proto__']: 1 }, { admin: 2 }, true])).toThrow()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })
})
