import { AssertionError } from 'node:assert'
import { setImmediate as soon } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../layers/session/server/drivers/memory'
import type { SessionEngine } from '../../layers/session/server/engine/engine'
import { NO_DATA } from '../../layers/session/server/engine/record'
import type { AtomicDriver, StoredRecord } from '../../layers/session/server/engine/store'
import type { Race } from '../../layers/session/testing/races'
import { races } from '../../layers/session/testing/races'
import { makeEngine } from '../support/real-engine'

/** Stores that break one promise each, and the races that must notice it. */
const broken: { promise: string, breaks: (driver: AtomicDriver) => Partial<AtomicDriver>, noticedBy: string[] }[] = [
  {
    promise: 'replace compares the version',
    breaks: driver => ({
      replace: (key, value, meta) => driver.replace(key, value, meta, versionIn(driver, key)),
    }),
    noticedBy: ['F1', 'F2', 'F8', 'F15', 'rotates once'],
  },
  {
    promise: 'replace fails when the record is gone',
    breaks: driver => ({
      async replace(key, value, meta, version) {
        const outcome = await driver.replace(key, value, meta, version)
        if (outcome === 'gone') await driver.setItem!(key, value, {})
        return outcome === 'gone' ? 'replaced' : outcome
      },
    }),
    noticedBy: ['F4'],
  },
  {
    promise: 'touch fails when the record is gone',
    breaks: driver => ({
      async touch(key, at) {
        const row = last.get(key)
        const touched = await driver.touch(key, at)
        if (!touched && row) await driver.setItem!(key, row, {})
        return true
      },
      read: remembering(driver),
    }),
    noticedBy: ['F5'],
  },
  {
    promise: 'touch carries no data',
    breaks: driver => ({
      async touch(key, at) {
        const seen = last.get(key)!
        await soon()
        if (driver.read(key)) await driver.setItem!(key, seen, {})
        return driver.touch(key, at)
      },
      read: remembering(driver),
    }),
    noticedBy: ['F3'],
  },
  {
    promise: 'touch fails when the record has ended',
    breaks: driver => ({ touch: (key, at) => driver.touch(key, at - 1) }),
    noticedBy: ['F12'],
  },
  {
    promise: 'sweep spares what was touched in time',
    breaks: driver => ({ sweep: (now, limit) => driver.sweep(now + 60_000, limit) }),
    noticedBy: ['F12'],
  },
  {
    promise: 'enrol compares the version',
    breaks: driver => ({
      enrol: (key, value, meta, guard, version) => driver.enrol(key, value, meta, guard, version && versionIn(driver, key)),
    }),
    noticedBy: ['F10'],
  },
  {
    promise: 'enrol keeps the limit',
    breaks: driver => ({
      enrol: (key, value, meta, guard, version) => driver.enrol(key, value, meta, { ...guard, max: guard.max + 1 }, version),
    }),
    noticedBy: ['F14'],
  },
  {
    promise: 'enrol remembers that the owner was signed out everywhere',
    breaks: driver => ({
      enrol: (key, value, meta, guard, version) => driver.enrol(key, value, meta, { ...guard, startedAt: Infinity }, version),
    }),
    noticedBy: ['signs out everywhere'],
  },
]

/** Engines without one of their guards each. */
const unguarded: { guard: string, breaks: (engine: SessionEngine) => Partial<SessionEngine>, noticedBy: string[] }[] = [
  {
    guard: 'nothing is created for a visitor without a session',
    breaks: (engine) => {
      const load = engine.load.bind(engine)
      return {
        async load(header) {
          const admitted = await load(header)
          if (!admitted) await engine.create('race', NO_DATA)
          return admitted
        },
      }
    },
    noticedBy: ['F13'],
  },
  {
    guard: 'a change that is tried again begins with the newest record',
    breaks: engine => ({
      async reload(admitted) {
        const newest = await engine.peek(admitted.live.key)
        return newest && { ...admitted, live: { ...admitted.live, version: newest.version } }
      },
    }),
    noticedBy: ['F1', 'F2', 'F8', 'F15'],
  },
  {
    guard: 'a session that has become another\'s is not read again',
    breaks: engine => ({
      async reload(admitted) {
        const newest = await engine.peek(admitted.live.key)
        return newest && { ...admitted, live: newest }
      },
    }),
    noticedBy: ['F10', 'rotates once'],
  },
  {
    guard: 'a secret that is replaced for a reason is dead at once',
    breaks: (engine) => {
      const rotation = engine.rotation.bind(engine)
      return { rotation: admitted => rotation(admitted, engine.config.rotationGrace) }
    },
    noticedBy: ['rotates once'],
  },
]

const last = new Map<string, string>()

/** The memory driver answers at once, so that nothing comes in between. */
function versionIn(driver: AtomicDriver, key: string): number {
  return (driver.read(key) as StoredRecord | null)?.version ?? 0
}

/** Reads, and keeps what was read for a touch that brings it back. */
function remembering(driver: AtomicDriver): AtomicDriver['read'] {
  return async (key) => {
    const row = await driver.read(key)
    if (row) last.set(key, row.value)
    return row
  }
}

describe('a store that breaks a promise', () => {
  it.each(broken)('is noticed: $promise', async ({ breaks, noticedBy }) => {
    const sound = memoryDriver()
    const driver = { ...sound, ...breaks(sound) }
    await expectNoticed(noticedBy, () => makeEngine(driver))
  })
})

describe('an engine without a guard', () => {
  it.each(unguarded)('is noticed: $guard', async ({ breaks, noticedBy }) => {
    const driver = memoryDriver()
    await expectNoticed(noticedBy, () => {
      const engine = makeEngine(driver)
      return Object.assign(engine, breaks(engine))
    })
  })
})

it('leaves out no race', () => {
  const names = [...broken, ...unguarded].flatMap(({ noticedBy }) => noticedBy)
  expect(races.filter(race => !names.some(name => isNamed(race, name)))).toEqual([])
})

function isNamed(race: Race, name: string): boolean {
  return new RegExp(`^${name}\\b`).test(race.name)
}

async function expectNoticed(names: readonly string[], engine: () => SessionEngine) {
  for (const name of names) {
    const race = races.find(candidate => isNamed(candidate, name))!
    const outcome = await race.run({ engines: [engine(), engine()], rounds: 20 }).catch((error: unknown) => error)
    expect(outcome, race.name).toBeInstanceOf(AssertionError)
  }
}
