import type { AtomicDriver } from '../../layers/session/server/engine/store'

type Verb = keyof AtomicDriver & string

export interface Barrier {
  /** Resolves when the held call has begun. */
  readonly reached: Promise<void>
  /** Lets it go on. */
  release(): void
}

/** A driver under observation: counts its calls, fails when told to, and holds a call until the test lets it go. */
export interface Probe {
  readonly driver: AtomicDriver
  /** Every verb called, in order. */
  readonly calls: string[]
  count(verb: Verb): number
  /** From now on these verbs fail without reaching the store; without names, all of them. */
  fail(...verbs: Verb[]): void
  heal(): void
  /** Holds the next call of `verb`: `before` it reaches the store, or `after`, before its caller learns of it. */
  hold(verb: Verb, when?: 'before' | 'after'): Barrier
}

export function probe(inner: AtomicDriver): Probe {
  const calls: string[] = []
  const holds: Hold[] = []
  let broken: ReadonlySet<string> | 'all' = new Set()

  function take(verb: string, when: 'before' | 'after'): Hold | undefined {
    const index = holds.findIndex(hold => hold.verb === verb && hold.when === when)
    return index < 0 ? undefined : holds.splice(index, 1)[0]
  }

  async function observed(verb: string, question: () => unknown) {
    calls.push(verb)
    await take(verb, 'before')?.wait()
    if (broken === 'all' || broken.has(verb)) throw new Error('the store is down')
    const answer = await question()
    await take(verb, 'after')?.wait()
    return answer
  }

  return {
    calls,
    count: verb => calls.filter(call => call === verb).length,
    fail: (...verbs) => void (broken = verbs.length > 0 ? new Set(verbs) : 'all'),
    heal: () => void (broken = new Set()),
    hold(verb, when = 'before') {
      const hold = new Hold(verb, when)
      holds.push(hold)
      return hold
    },
    driver: new Proxy(inner, {
      get(target, verb: Verb) {
        const value = target[verb]
        if (typeof value !== 'function' || verb === 'getKeys' || verb === 'listen' || verb === 'clock') return value
        return (...args: unknown[]) => observed(verb, () => (value as (...args: unknown[]) => unknown).apply(target, args))
      },
    }),
  }
}

class Hold implements Barrier {
  readonly reached: Promise<void>
  readonly #released: Promise<void>
  #reach!: () => void
  #release!: () => void

  constructor(readonly verb: string, readonly when: 'before' | 'after') {
    this.reached = new Promise(resolve => (this.#reach = resolve))
    this.#released = new Promise(resolve => (this.#release = resolve))
  }

  wait(): Promise<void> {
    this.#reach()
    return this.#released
  }

  release() {
    this.#release()
  }
}
