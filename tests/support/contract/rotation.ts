import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import type { AtomicDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { HOUR, MINUTE, SECOND, createTestEngine, newRing, testTime } from '../engine'

const GRACE = 30 * SECOND
const ROTATE_EVERY = MINUTE
const RUNS = 30
const CONFIG = { rotateEvery: '1m', idleTimeout: '30d', absoluteTimeout: '30d', onSecretReuse: 'refuse' }

/** What can happen between one browser and the servers. `pick` chooses among what is on its way. */
type Step
  = | { readonly type: 'send' }
    | { readonly type: 'restart' }
    | { readonly type: 'arrive' | 'deliver' | 'lose', readonly pick: number }
    | { readonly type: 'arriveTogether', readonly count: number }
    | { readonly type: 'wait', readonly milliseconds: number }

const pick = fc.nat({ max: 9 })
const steps = fc.array(fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('send' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('arrive' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('deliver' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('lose' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('arriveTogether' as const), count: fc.nat({ max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({
    type: fc.constant('wait' as const),
    milliseconds: fc.constantFrom(1, SECOND, GRACE - 1, GRACE, 2 * GRACE, ROTATE_EVERY, 6 * HOUR),
  }) },
) satisfies fc.Arbitrary<Step>, { maxLength: 60 })

interface OnItsWay { readonly cookie: string, readonly since: number }

/** A browser with one cookie, its requests and the responses that are on their way, and the servers. */
class World {
  readonly time = testTime(Date.now())
  readonly #driver: AtomicDriver
  readonly #ring = newRing()
  #server: ReturnType<typeof createTestEngine>
  #cookie = ''
  #requests: OnItsWay[] = []
  #responses: OnItsWay[] = []
  updates = 0
  reuses = 0

  constructor(driver: AtomicDriver) {
    this.#driver = driver
    this.#server = this.#start()
  }

  get cookie() {
    return this.#cookie
  }

  async signIn() {
    const browser = this.#server.browser()
    await (await browser.visit()).session.signIn('ada', { data: { updates: 0 } })
    this.#cookie = browser.cookie!
  }

  async take(step: Step) {
    if (step.type === 'send') this.#requests.push({ cookie: this.#cookie, since: this.time.now })
    else if (step.type === 'restart') this.restart()
    else if (step.type === 'wait') this.wait(step.milliseconds)
    else if (step.type === 'arrive') await this.#arrive(takeFrom(this.#requests, step.pick))
    else if (step.type === 'arriveTogether') {
      await Promise.all(this.#requests.splice(0, step.count).map(request => this.#arrive(request)))
    }
    else {
      const response = takeFrom(this.#responses, step.pick)
      if (response && step.type === 'deliver') this.#cookie = response.cookie
    }
  }

  /** Nothing is on its way for longer than the grace period. */
  wait(milliseconds: number) {
    this.time.advance(milliseconds)
    const isRecent = ({ since }: OnItsWay) => this.time.now - since < GRACE
    this.#requests = this.#requests.filter(isRecent)
    this.#responses = this.#responses.filter(isRecent)
  }

  /** A request whose response arrives. Nothing else is on its way. */
  async browse() {
    this.#requests = []
    this.#responses = []
    for (const type of ['send', 'arrive', 'deliver'] as const) await this.take({ type, pick: 0 })
  }

  /** What a request with this cookie sees. */
  async visit(cookie: string) {
    const browser = this.#server.browser()
    browser.cookie = cookie
    return (await browser.visit<{ updates: number }>()).session
  }

  /** The server's process ends, and another one continues. What it had written is in the store. */
  restart() {
    this.#server = this.#start()
  }

  #start() {
    const server = createTestEngine({ driver: this.#driver, ring: this.#ring, time: this.time, config: CONFIG })
    server.engine.events.subscribe(({ type }) => {
      if (type === 'secret_reuse') this.reuses++
    })
    return server
  }

  async #arrive(request: OnItsWay | undefined) {
    if (!request) return
    const browser = this.#server.browser()
    browser.cookie = request.cookie
    const { session, state, request: { sent } } = await browser.visit<{ updates: number }>()
    expect(session.userId).toBe('ada')
    await recordActivity(state)
    expect(await session.update((draft) => {
      draft.updates++
    })).toBe(true)
    this.updates++
    const last = sent.at(-1)
    if (last) this.#responses.push({ cookie: last.value, since: this.time.now })
  }
}

function takeFrom<Item>(items: Item[], index: number): Item | undefined {
  return items.length > 0 ? items.splice(index % items.length, 1)[0] : undefined
}

/** The periodic rotation of a session's secret, on a real store, with responses that get lost, late or out of order. */
export function describeRotation(open: () => AtomicDriver) {
  const worlds = (check: (world: World, taken: Step[]) => Promise<void>) => fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const world = new World(open())
      await world.signIn()
      for (const step of taken) await world.take(step)
      await check(world, taken)
    }),
    { numRuns: RUNS },
  )

  describe('the periodic rotation', () => {
    it('signs no user out, loses no update and reports no theft, whatever happens to the responses', () =>
      worlds(async (world) => {
        const session = await world.visit(world.cookie)
        expect(session.userId).toBe('ada')
        expect(session.data.updates).toBe(world.updates)
        expect(world.reuses).toBe(0)
      }))

    it('leads to the same new secret for as long as that one is not used', () =>
      worlds(async (world) => {
        await world.browse()
        world.wait(ROTATE_EVERY)
        const before = world.cookie
        await world.take({ type: 'send' })
        await world.take({ type: 'arrive', pick: 0 })
        await world.take({ type: 'lose', pick: 0 })
        world.wait(6 * HOUR)
        await world.browse()
        expect(world.cookie).not.toBe(before)
        world.wait(6 * HOUR)
        expect((await world.visit(before)).userId).toBe('ada')
        expect((await world.visit(world.cookie)).userId).toBe('ada')
      }))

    it('reports a stolen copy of the old secret once the new one was used and the grace period is over', () =>
      worlds(async (world) => {
        const stolen = world.cookie
        while (world.cookie === stolen) {
          world.wait(ROTATE_EVERY)
          await world.browse()
        }
        await world.browse()
        expect((await world.visit(stolen)).userId).toBe('ada')
        world.wait(GRACE)
        expect((await world.visit(stolen)).exists).toBe(false)
        expect(world.reuses).toBe(1)
        expect((await world.visit(world.cookie)).userId).toBe('ada')
      }))
  })
}
