import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { flatten } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/plain-data'
import { revive } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'

const PLANTED = 'planted-password-hash'

/** Like MongoDB's ObjectId, and like Decimal: its JSON is text. */
class Id {
  readonly #hex: string

  constructor(hex: string) {
    this.#hex = hex
  }

  toJSON() {
    return this.#hex
  }
}

/** Like an entity of TypeORM: fields, methods, and a getter. */
class Entity {
  readonly id = 7
  readonly name = 'Ada'
  readonly createdAt = new Date(5)
  readonly greet = () => `Hello, ${this.name}`

  get initial() {
    return this.name[0]
  }

  save() {}
}

/** Like a document of Mongoose: what it says of itself contains further such objects. */
class Document {
  constructor(private readonly fields: object) {}

  toJSON() {
    return { ...this.fields }
  }
}

const stored = (value: unknown) => (revive(flatten({ value })) as { value: unknown }).value

describe('data that is not plain', () => {
  it.each([
    ['an id of a database', new Id('507f1f77'), '507f1f77'],
    ['an object of a class, without its methods', new Entity(), { id: 7, name: 'Ada', createdAt: new Date(5) }],
    ['a document with others', new Document({ _id: new Id('a'), tags: [new Id('b')] }), { _id: 'a', tags: ['b'] }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { id: new Id('a1') }), { id: 'a1' }],
    ['an error', new RangeError('x'), {}],
    ['a plain object with toJSON', { a: 1, toJSON: () => ({ b: 2 }) }, { b: 2 }],
    ['one whose toJSON returns itself', { a: 1, toJSON() { return this } }, { a: 1 }],
    ['one whose toJSON adds to itself', { a: 1, toJSON() { return { ...this, b: 2 } } }, { a: 1, b: 2 }],
    ['one whose toJSON is a date', { toJSON: () => new Date(5) }, new Date(5)],
    ['one with a symbol as a name', { a: 1, [Symbol('s')]: 2 }, { a: 1 }],
    ['an emitter', new EventTarget(), {}],
  ])('is stored as JSON would have it: %s', (_, value, expected) => {
    expect(stored(value)).toEqual(expected)
  })

  it('keeps Date, Map, Set, BigInt, bytes and URLs around it', () => {
    const value = {
      entity: new Id('a1'),
      date: new Date(5),
      map: new Map([['a', new Id('b2')]]),
      set: new Set([1n, new Id('c3')]),
      bytes: new Uint8Array([1, 2]),
      url: new URL('https://example.com/'),
      list: [undefined, Number.NaN, -0],
    }
    expect(stored(value)).toEqual({
      ...value, entity: 'a1', map: new Map([['a', 'b2']]), set: new Set([1n, 'c3']),
    })
  })

  it('keeps objects that are shared, or that contain themselves', () => {
    const shared = new Document({ a: 1 })
    const loop: Record<string, unknown> = { one: shared, two: shared }
    loop.self = loop
    const copy = stored(loop) as typeof loop
    expect(copy.self).toBe(copy)
    expect(copy.one).toBe(copy.two)
  })

  it('is not changed itself', () => {
    const entity = new Entity()
    const value = { entity, list: [new Id('a1')] }
    stored(value)
    expect(value.entity).toBe(entity)
    expect(value.list[0]).toBeInstanceOf(Id)
  })
})

describe('data that cannot be stored', () => {
  it.each([
    ['a function', { list: [{ save: () => PLANTED }] }, 'a function, at data.user.list[0].save'],
    ['a symbol', { kind: Symbol(PLANTED) }, 'a symbol, at data.user.kind'],
    ['a promise', { name: Promise.resolve(PLANTED) }, 'a promise, which may have to be awaited, at data.user.name'],
    ['a function in a Map', { map: new Map([[PLANTED, () => 1]]) }, 'a function, at data.user.map.values()'],
    ['a toJSON that fails', { id: { toJSON: () => { throw new Error(PLANTED) } } }, 'toJSON fails, at data.user.id'],
    ['a getter that fails', { get id() { throw new Error(PLANTED) }, f: () => 1 }, 'cannot be read, at data.user.id'],
    ['a name that sets a prototype', JSON.parse('{"__proto__": {"admin": true}}'), 'at data.user.__proto__'],
  ])('causes an error that names the path and no value: %s', (_, user, message) => {
    let error: unknown
    try {
      flatten({ password: PLANTED, user })
    }
    catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toContain(message)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PLANTED)
  })

  it('causes an error without values, however deep it is', () => {
    let value: unknown = PLANTED
    for (let depth = 0; depth < 100_000; depth++) value = { value }
    expect(() => flatten({ value })).toThrow(Error)
  })
})
