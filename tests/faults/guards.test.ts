import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../layers/session/server/drivers/memory'
import type { AtomicDriver, StoredRecord } from '../../layers/session/server/engine/store'
import { races } from '../../layers/session/testing/races'
import { makeEngine } from '../support/real-engine'

/** Stores that break one promise each, and the races that must notice it. */
const broken: { promise: string, breaks: (driver: AtomicDriver) => Partial<AtomicDriver>, noticedBy: string[] }[] = [
  {
    promise: 'replace compares the version',
    breaks: driver => ({
      replace: (key, value, meta) => driver.replace(key, value, meta, versionIn(driver, key)),
    }),
    noticedBy: ['F1', 'F2', 'rotates once'],
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
      async read(key) {
        const row = await driver.read(key)
        if (row) last.set(key, row.value)
        return row
      },
    }),
    noticedBy: ['F5'],
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

const last = new Map<string, string>()

/** The memory driver answers at once, so that nothing comes in between. */
function versionIn(driver: AtomicDriver, key: string): number {
  return (driver.read(key) as StoredRecord | null)?.version ?? 0
}

describe('a store that breaks a promise', () => {
  it.each(broken)('is noticed: $promise', async ({ breaks, noticedBy }) => {
    for (const name of noticedBy) {
      const race = races.find(candidate => candidate.name.startsWith(name))!
      const sound = memoryDriver()
      const driver = { ...sound, ...breaks(sound) }
      const outcome = await race.run({ engines: [makeEngine(driver), makeEngine(driver)], rounds: 20 }).catch((error: unknown) => error)
      expect(outcome, race.name).toBeInstanceOf(AssertionError)
    }
  })
})
