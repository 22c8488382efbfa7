import { createHash } from 'node:crypto'

const INTEGER_BYTES = 6

/**
 * A random generator with a seed: hashes of the seed and a counter, from `node:crypto`, so that a module that only
 * developers run adds no package to each app. Not secret. Two generators with other names are independent.
 */
export class Random {
  readonly #prefix: string
  #counter = 0
  #rest: Buffer = Buffer.alloc(0)

  constructor(seed: number, name: string | number) {
    this.#prefix = `${seed}:${name}:`
  }

  bytes(length: number): Buffer {
    while (this.#rest.length < length) this.#rest = Buffer.concat([this.#rest, this.#nextHash()])
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return bytes
  }

  /** An integer from 0 to `limit - 1`. */
  integer(limit: number): number {
    return this.bytes(INTEGER_BYTES).readUIntBE(0, INTEGER_BYTES) % limit
  }

  /** One of the values, which must not be empty. */
  pick<Value>(values: readonly Value[]): Value {
    return values[this.integer(values.length)]!
  }

  /** True in one of `times` cases. */
  oneIn(times: number): boolean {
    return this.integer(times) === 0
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.integer(alphabet.length)]).join('')
  }

  /** Any byte values, each as one character. */
  latin1(length: number): string {
    return this.bytes(length).toString('latin1')
  }

  #nextHash(): Buffer {
    return createHash('sha256').update(this.#prefix + this.#counter++).digest()
  }
}
