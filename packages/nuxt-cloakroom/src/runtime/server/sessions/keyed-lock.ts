/**
 * Runs the tasks of one key one after another, those of different keys concurrently. Keeps no memory for an idle key.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>()

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const result = before ? before.then(task, task) : task()
    this.#tails.set(key, result)
    try {
      return await result
    }
    finally {
      if (this.#tails.get(key) === result) this.#tails.delete(key)
    }
  }
}
