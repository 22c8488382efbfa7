import { stringify } from 'devalue'
import type { FlatData } from './record'

type Values = Record<string, unknown>

/** Objects that devalue stores as what they are, by the name of their kind. */
const STORABLE = new RegExp(`^(?:${[
  'Date|RegExp|URL|URLSearchParams|ArrayBuffer|DataView|Number|String|Boolean|BigInt',
  '(?:Big)?(?:Int|Uint|Float)\\d+(?:Clamped)?Array',
  'Temporal\\..+',
].join('|')})$`)

/**
 * Flattens data so that Date, Map, Set, BigInt and shared references survive. An object of a class becomes what JSON
 * would make of it.
 *
 * @throws TypeError for a promise, a function or a symbol
 */
export function flatten(values: Values): FlatData {
  return JSON.parse(stringifyAny(values)) as FlatData
}

/** Most data is plain, and then needs no copy. */
function stringifyAny(values: Values): string {
  try {
    return stringify(values)
  }
  catch {
    return stringifyCopy(toPlainData(values))
  }
}

function stringifyCopy(values: Values): string {
  try {
    return stringify(values)
  }
  catch (error) {
    // eslint-disable-next-line preserve-caught-error -- it holds the values
    throw new TypeError(`[cloakroom] The session cannot store its data: ${(error as Error).message}.`)
  }
}

/**
 * Copies data into what the session can store. Objects of classes, for example documents of a database, become what
 * JSON would make of them: the result of `toJSON`, or their own properties without methods. Objects that are shared, or
 * that contain themselves, stay so.
 *
 * @throws TypeError for a promise, and for a function or symbol in a plain object. It names the path and no value,
 * because values do not belong in a log
 */
export function toPlainData(values: object): Values {
  return new PlainCopy().of(values, '') as Values
}

class PlainCopy {
  readonly #copies = new Map<object, unknown>()

  of(value: unknown, path: string): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw cannotStore(`a ${typeof value}`, path)
    if (typeof value !== 'object' || value === null) return value
    if (this.#copies.has(value)) return this.#copies.get(value)
    if (isStorable(value)) return value
    if (isMethod(value, 'then')) throw cannotStore('a promise, which may have to be awaited', path)
    if (isMethod(value, 'toJSON')) return this.#copyJson(value, path)
    return this.#copyContents(value, path)
  }

  /** As in JSON, what `toJSON` returns is not asked again. */
  #copyJson(value: object, path: string): unknown {
    const json = jsonOf(value, path)
    const isContainer = typeof json === 'object' && json !== null && !isStorable(json)
    return this.#remember(value, isContainer ? this.#copyContents(json, path) : this.of(json, path))
  }

  #copyContents(value: object, path: string): unknown {
    if (Array.isArray(value)) return this.#copyArray(value, path)
    if (value instanceof Map) return this.#copyMap(value, path)
    if (value instanceof Set) return this.#copySet(value, path)
    return this.#copyProperties(value, path)
  }

  #remember<Copy>(value: object, copy: Copy): Copy {
    this.#copies.set(value, copy)
    return copy
  }

  #copyArray(value: unknown[], path: string): unknown[] {
    const copy = this.#remember(value, [] as unknown[])
    for (let i = 0; i < value.length; i++) copy[i] = this.of(value[i], `${path}[${i}]`)
    return copy
  }

  #copyMap(value: Map<unknown, unknown>, path: string): Map<unknown, unknown> {
    const copy = this.#remember(value, new Map<unknown, unknown>())
    for (const [key, item] of value) copy.set(this.of(key, `${path}.keys()`), this.of(item, `${path}.values()`))
    return copy
  }

  #copySet(value: Set<unknown>, path: string): Set<unknown> {
    const copy = this.#remember(value, new Set())
    for (const item of value) copy.add(this.of(item, `${path}.values()`))
    return copy
  }

  #copyProperties(value: object, path: string): Values {
    const copy = this.#remember(value, {} as Values)
    const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(value) as null)
    for (const name of Object.keys(value)) {
      if (name === '__proto__') throw cannotStore('a property with this name', `${path}.${name}`)
      const property = read(value, name, `${path}.${name}`)
      const isMethod = typeof property === 'function' && (!isPlain || name === 'toJSON')
      if (!isMethod) copy[name] = this.of(property, `${path}.${name}`)
    }
    return copy
  }
}

function isStorable(value: object): boolean {
  return STORABLE.test(Object.prototype.toString.call(value).slice(8, -1))
}

function isMethod(value: object, name: string): boolean {
  try {
    return typeof (value as Values)[name] === 'function'
  }
  catch {
    return false // A getter that fails is found when the properties are copied.
  }
}

function jsonOf(value: object, path: string): unknown {
  try {
    return (value as { toJSON: () => unknown }).toJSON()
  }
  catch {
    throw cannotStore('an object whose toJSON fails', path)
  }
}

/** The message of an error that a getter throws may contain values. */
function read(value: object, name: string, path: string): unknown {
  try {
    return (value as Values)[name]
  }
  catch {
    throw cannotStore('a property that cannot be read', path)
  }
}

function cannotStore(what: string, path: string): TypeError {
  return new TypeError(`[cloakroom] The session cannot store ${what}, at data${path}.`)
}
