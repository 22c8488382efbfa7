import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'

type MethodName = keyof AtomicDriver & string

/** Methods that are not calls to the store. */
const UNTRACKED: readonly string[] = ['getKeys', 'subscribe', 'clock']

export interface Barrier {
  /** Resolves when the held call has started. */
  readonly reached: Promise<void>
  /** Lets the call continue. */
  release(): void
}

/** A driver that records its calls, and that fails or holds a call when a test wants it to. */
export interface Probe {
  readonly driver: AtomicDriver
  /** The name of every method called, in order. */
  readonly calls: string[]
  count(method: MethodName): number
  /** From now on these methods fail without a call to the store; without names, all methods. */
  fail(...methods: MethodName[]): void
  /** From now on these methods run, and then fail: the store's answer is lost. */
  loseAnswers(...methods: MethodName[]): void
  recover(): void
  /** Holds the next call of `method`: `before` it reaches the store, or `after`, before its result is returned. */
  hold(method: MethodName, when?: 'before' | 'after'): Barrier
}

export function probe(inner: AtomicDriver): Probe {
  const calls: string[] = []
  const holds: Hold[] = []
  let failing: ReadonlySet<string> | 'all' = new Set()
  let losing: ReadonlySet<string> = new Set()

  function takeHold(method: string, when: 'before' | 'after'): Hold | undefined {
    const index = holds.findIndex(hold => hold.method === method && hold.when === when)
    return index < 0 ? undefined : holds.splice(index, 1)[0]
  }

  async function call(method: string, run: () => unknown) {
    calls.push(method)
    await takeHold(method, 'before')?.wait()
    if (failing === 'all' || failing.has(method)) throw new Error('the store is down')
    const result = await run()
    if (losing.has(method)) throw new Error('the answer is lost')
    await takeHold(method, 'after')?.wait()
    return result
  }

  return {
    calls,
    count: method => calls.filter(name => name === method).length,
    fail(...methods) {
      failing = methods.length > 0 ? new Set(methods) : 'all'
    },
    loseAnswers(...methods) {
      losing = new Set(methods)
    },
    recover() {
      failing = new Set()
      losing = new Set()
    },
    hold(method, when = 'before') {
      const hold = new Hold(method, when)
      holds.push(hold)
      return hold
    },
    driver: new Proxy(inner, {
      get(target, method: MethodName) {
        const value = target[method]
        if (typeof value !== 'function' || UNTRACKED.includes(method)) return value
        const run = value as (...args: unknown[]) => unknown
        return (...args: unknown[]) => call(method, () => run.apply(target, args))
      },
    }),
  }
}

class Hold implements Barrier {
  readonly #reached = Promise.withResolvers<undefined>()
  readonly #released = Promise.withResolvers<undefined>()

  constructor(readonly method: string, readonly when: 'before' | 'after') {}

  get reached(): Promise<void> {
    return this.#reached.promise
  }

  wait(): Promise<void> {
    this.#reached.resolve(undefined)
    return this.#released.promise
  }

  release() {
    this.#released.resolve(undefined)
  }
}
