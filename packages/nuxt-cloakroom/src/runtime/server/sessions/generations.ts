import { LRUCache } from 'lru-cache'

const MAX_SESSIONS = 10_000

/**
 * The newest generation of the secret of each session, as far as this process has written it. A response that is about
 * to set an older cookie can be recognized by it at the last moment, when no store can be asked any more.
 */
export class Generations {
  readonly #newest = new LRUCache<string, number>({ max: MAX_SESSIONS })

  /** The session has a new secret, and older ones are no longer valid. */
  record(key: string, secretGeneration: number): void {
    this.#newest.set(key, Math.max(secretGeneration, this.#newest.get(key) ?? 0))
  }

  /** The session has ended. */
  end(key: string): void {
    this.#newest.set(key, Infinity)
  }

  isOutdated({ key, secretGeneration }: { key: string, secretGeneration: number }): boolean {
    return secretGeneration < (this.#newest.get(key) ?? 0)
  }
}
