import { AssertionError } from 'node:assert'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { replaceSecret, rotateSecret } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/next-state'
import { NO_DATA } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import type { AtomicDriver, StoredRecord } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { memoryDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import type { Race } from '../../packages/nuxt-cloakroom/src/testing/races'
import { races } from '../../packages/nuxt-cloakroom/src/testing/races'
import { createEngine } from '../support/real-engine'

vi.mock('../../packages/nuxt-cloakroom/src/runtime/server/sessions/next-state', async (original) => {
  const module = await original<{ replaceSecret: typeof replaceSecret }>()
  return { ...module, replaceSecret: vi.fn(module.replaceSecret) }
})

const realReplaceSecret = vi.mocked(replaceSecret).getMockImplementation()!

afterEach(() => {
  vi.mocked(replaceSecret).mockImplementation(realReplaceSecret)
})

/** Each race by a part of its name. */
const RACES = {
  counter: 'loses no increment of a counter',
  keys: 'keeps both of two different keys',
  reader: 'lets a reader overwrite nothing',
  lateSave: 'never brings a signed-out session back by a late save',
  lateTouch: 'never brings a signed-out session back by a touch',
  rotations: 'rotates once',
  saveAndRotation: 'keeps the data of a save that races with a rotation',
  twoUsers: 'never mixes two users who sign in over one anonymous session',
  touchAndSweep: 'lets a touch win over the sweep',
  firstRequests: 'makes no record for parallel first requests that only read',
  maxPerUser: 'never lets a user have more sessions than allowed',
  oneTimeValue: 'gives a one-time value to exactly one of many',
  signOutEverywhere: 'signs out everywhere',
}

type RaceKey = keyof typeof RACES

interface BrokenStore {
  readonly guarantee: string
  /** Returns the methods that break the guarantee. */
  readonly breaks: (driver: AtomicDriver) => Partial<AtomicDriver>
  readonly detectedBy: readonly RaceKey[]
}

/** Stores that break one guarantee each, and the races that must detect it. */
const brokenStores: readonly BrokenStore[] = [
  {
    guarantee: 'replace compares the version',
    breaks: driver => ({
      replace: (key, value, meta) => driver.replace(key, value, meta, versionIn(driver, key)),
    }),
    detectedBy: ['counter', 'keys', 'saveAndRotation', 'oneTimeValue', 'rotations'],
  },
  {
    guarantee: 'replace fails if the record is gone',
    breaks: driver => ({
      async replace(key, value, meta, version) {
        const outcome = await driver.replace(key, value, meta, version)
        if (outcome === 'gone') await driver.setItem!(key, value, {})
        return outcome === 'gone' ? 'replaced' : outcome
      },
    }),
    detectedBy: ['lateSave'],
  },
  {
    guarantee: 'touch fails if the record is gone',
    breaks: driver => ({
      async touch(key, lastSeenAt) {
        const value = lastRead.get(key)
        const touched = await driver.touch(key, lastSeenAt)
        if (!touched && value) await driver.setItem!(key, value, {})
        return true
      },
      read: recordingReads(driver),
    }),
    detectedBy: ['lateTouch'],
  },
  {
    guarantee: 'touch writes no data',
    breaks: driver => ({
      async touch(key, lastSeenAt) {
        const value = lastRead.get(key)!
        await nextTurn()
        if (driver.read(key)) await driver.setItem!(key, value, {})
        return driver.touch(key, lastSeenAt)
      },
      read: recordingReads(driver),
    }),
    detectedBy: ['reader'],
  },
  {
    guarantee: 'touch fails if the record has expired',
    breaks: driver => ({ touch: (key, lastSeenAt) => driver.touch(key, lastSeenAt - 1) }),
    detectedBy: ['touchAndSweep'],
  },
  {
    guarantee: 'sweep keeps a record that was touched in time',
    breaks: driver => ({ sweep: (now, limit) => driver.sweep(now + 60_000, limit) }),
    detectedBy: ['touchAndSweep'],
  },
  {
    guarantee: 'assignUser compares the version',
    breaks: driver => ({
      assignUser: (key, value, meta, limit, version) =>
        driver.assignUser(key, value, meta, limit, version && versionIn(driver, key)),
    }),
    detectedBy: ['twoUsers'],
  },
  {
    guarantee: 'assignUser enforces the limit',
    breaks: driver => ({
      assignUser: (key, value, meta, limit, version) =>
        driver.assignUser(key, value, meta, { ...limit, max: limit.max + 1 }, version),
    }),
    detectedBy: ['maxPerUser'],
  },
  {
    guarantee: 'assignUser fails if the user was signed out everywhere in the meantime',
    breaks: driver => ({
      assignUser: (key, value, meta, limit, version) =>
        driver.assignUser(key, value, meta, { ...limit, startedAt: Infinity }, version),
    }),
    detectedBy: ['signOutEverywhere'],
  },
]

interface BrokenEngine {
  readonly guarantee: string
  /** Changes the engine so that it breaks the guarantee. */
  readonly breaks: (engine: SessionEngine) => void
  readonly detectedBy: readonly RaceKey[]
}

/** Engines that break one guarantee each, and the races that must detect it. */
const brokenEngines: readonly BrokenEngine[] = [
  {
    guarantee: 'a request without a session creates no record',
    breaks(engine) {
      const { authenticator } = engine
      const authenticate = authenticator.authenticate.bind(authenticator)
      authenticator.authenticate = async (cookie) => {
        const authentication = await authenticate(cookie)
        if (!authentication.session) await engine.create('race', NO_DATA)
        return authentication
      }
    },
    detectedBy: ['firstRequests'],
  },
  {
    guarantee: 'a change is retried on the newest record',
    breaks(engine) {
      engine.reload = async (authenticated) => {
        const newest = await engine.get(authenticated.session.key)
        return newest && { ...authenticated, session: { ...authenticated.session, version: newest.version } }
      }
    },
    detectedBy: ['counter', 'keys', 'saveAndRotation', 'oneTimeValue'],
  },
  {
    guarantee: 'a change is not retried if the secret became invalid',
    breaks(engine) {
      engine.reload = async (authenticated) => {
        const newest = await engine.get(authenticated.session.key)
        return newest && { ...authenticated, session: newest }
      }
    },
    detectedBy: ['twoUsers', 'rotations'],
  },
  {
    guarantee: 'rotate makes the old secret invalid immediately',
    breaks() {
      vi.mocked(replaceSecret).mockImplementation(rotateSecret)
    },
    detectedBy: ['rotations'],
  },
]

/** The last value read of each key. */
const lastRead = new Map<string, string>()

/** Synchronously, like all methods of the memory driver, so that nothing runs between this and the next call. */
function versionIn(driver: AtomicDriver, key: string): number {
  return (driver.read(key) as StoredRecord | null)?.version ?? 0
}

/** A `read` that records what it returns. */
function recordingReads(driver: AtomicDriver): AtomicDriver['read'] {
  return async (key) => {
    const row = await driver.read(key)
    if (row) lastRead.set(key, row.value)
    return row
  }
}

describe('the races detect a store without the guarantee that', () => {
  it.each(brokenStores)('$guarantee', async ({ breaks, detectedBy }) => {
    const intact = memoryDriver()
    const driver = { ...intact, ...breaks(intact) }
    await expectDetected(detectedBy, () => createEngine(driver))
  })
})

describe('the races detect an engine without the guarantee that', () => {
  it.each(brokenEngines)('$guarantee', async ({ breaks, detectedBy }) => {
    const driver = memoryDriver()
    await expectDetected(detectedBy, () => {
      const engine = createEngine(driver)
      breaks(engine)
      return engine
    })
  })
})

describe('each race', () => {
  it.each(races)('succeeds with an intact store and engine: $name', async (race) => {
    const driver = memoryDriver()
    await race.run({ engines: [createEngine(driver), createEngine(driver)], rounds: 20 })
  })

  it('detects at least one broken store or engine', () => {
    const detecting = [...brokenStores, ...brokenEngines].flatMap(({ detectedBy }) => detectedBy).map(raceOf)
    expect(races.filter(race => !detecting.includes(race))).toEqual([])
  })
})

function raceOf(key: RaceKey): Race {
  const found = races.filter(({ name }) => name.includes(RACES[key]))
  expect(found, RACES[key]).toHaveLength(1)
  return found[0]!
}

async function expectDetected(keys: readonly RaceKey[], newEngine: () => SessionEngine) {
  for (const race of keys.map(raceOf)) {
    const running = race.run({ engines: [newEngine(), newEngine()], rounds: 20 })
    const outcome = await running.catch((error: unknown) => error)
    expect(outcome, race.name).toBeInstanceOf(AssertionError)
  }
}
