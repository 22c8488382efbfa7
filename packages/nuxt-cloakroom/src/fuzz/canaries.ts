import { createHash } from 'node:crypto'
import type { CanaryPlace } from './request'

const PLACES: readonly CanaryPlace[] = ['query', 'header', 'cookie', 'body']

/** A canary that was found. */
export interface FoundCanary {
  readonly index: number
  readonly place: CanaryPlace
}

/**
 * Values that nothing else contains, one for each place of each request. Code that prints one has printed a part of
 * that request. They have letters and digits only, so that no encoding changes them.
 */
export class Canaries {
  readonly #prefix: string

  constructor(seed: number) {
    this.#prefix = `cnry${createHash('sha256').update(`canary ${seed}`).digest('hex').slice(0, 12)}`
  }

  of(index: number, place: CanaryPlace): string {
    return `${this.#prefix}x${index}x${place}`
  }

  /** Returns which canaries a text contains, each once. */
  findIn(text: string): FoundCanary[] {
    const pattern = new RegExp(`${this.#prefix}x(\\d+)x(${PLACES.join('|')})`, 'g')
    const found = new Map<string, FoundCanary>()
    for (const [canary, index, place] of text.matchAll(pattern)) {
      found.set(canary, { index: Number(index), place: place as CanaryPlace })
    }
    return [...found.values()]
  }
}
