import { closeSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../../../layers/session/server/drivers/sqlite'
import { StoreError } from '../../../../layers/session/server/engine/store'
import type { AtomicDriver } from '../../../../layers/session/server/engine/store'
import { A, B, GUARD, NOW, meta, owned } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'

const PAGE = 4096
const directory = makeDirectory()
const path = () => directory.path('sessions.db')
const files = () => readdirSync(directory.path()).toSorted()

afterEach(directory.remove)

/** A database of a few megabytes, more than SQLite keeps in memory. */
async function fill(driver: AtomicDriver) {
  await Promise.all(Array.from({ length: 4000 }, (_, i) => driver.create(String(i), 'x'.repeat(1000), meta())))
}

async function makeDatabase() {
  const driver = sqliteDriver({ path: path() })
  await fill(driver)
  await driver.dispose?.()
}

/** Overwrites the file in place, as a failing disk or another program would. */
function damage(from: number, length: number) {
  const file = openSync(path(), 'r+')
  writeSync(file, Buffer.alloc(length, 0xFF), 0, length, from)
  closeSync(file)
}

describe('a damaged database', () => {
  it.each([
    ['in its header', 0, 100, /is not a SQLite database/],
    ['in its schema', 100, 2 * PAGE, /is damaged/],
    ['in a page far back', 300 * PAGE, PAGE, /is damaged/],
  ])('%s is refused at the start with a sentence that says what to do, and left as it is (E13)', async (_where, from, length, problem) => {
    await makeDatabase()
    damage(from, length)
    const bytes = readFileSync(path())
    expect(() => sqliteDriver({ path: path() })).toThrow(problem)
    expect(readFileSync(path()).equals(bytes)).toBe(true)
    expect(files()).toEqual(['sessions.db'])
  })

  it('says that it can be kept, and how to begin anew', async () => {
    await makeDatabase()
    damage(100, 2 * PAGE)
    expect(() => sqliteDriver({ path: path() })).toThrow('is damaged. Stop the server, keep a copy, and restore it or remove it to start without sessions; with "?corrupt=reset" behind its name it is moved aside at the start')
  })

  it('is cut off, and refused', async () => {
    await makeDatabase()
    writeFileSync(path(), readFileSync(path()).subarray(0, 200 * PAGE))
    expect(() => sqliteDriver({ path: path() })).toThrow(/is damaged/)
  })

  it('fails at the damaged page with StoreError while it is running, never with "missing"', async () => {
    await makeDatabase()
    const driver = sqliteDriver({ path: path() })
    damage(2 * PAGE, 900 * PAGE)
    const outcomes = Array.from({ length: 4000 }, (_, i) => {
      try {
        return driver.read(String(i))
      }
      catch (error) {
        return error
      }
    })
    expect(outcomes).not.toContain(null)
    expect(outcomes.some(outcome => outcome instanceof StoreError && outcome.message.includes('is damaged'))).toBe(true)
    await driver.dispose?.()
  })

  it.each([['in its header', 0, 100], ['in a page far back', 300 * PAGE, PAGE]])('%s is moved aside where that is wanted, with a warning, and nothing of it is lost (E13)', async (_where, from, length) => {
    await makeDatabase()
    damage(from, length)
    const bytes = readFileSync(path())
    const warnings: string[] = []
    const driver = sqliteDriver({ path: path(), onCorrupt: 'reset', warn: message => warnings.push(message) })
    expect(await driver.create('0', 'anew', meta())).toBe(true)
    const [moved] = files().filter(file => /^sessions\.db\.corrupt-\d{4}-\d\d-\d\dT[\d-]+Z$/.test(file))
    expect(readFileSync(directory.path(moved!)).equals(bytes)).toBe(true)
    expect(warnings).toEqual([`[session] [store:sqlite] ${path()} was damaged, so all sessions have ended. It was moved to ${directory.path(moved!)}`])
    await driver.dispose?.()
  })

  it('is moved aside only if it is damaged', async () => {
    await makeDatabase()
    const warnings: string[] = []
    const driver = sqliteDriver({ path: path(), onCorrupt: 'reset', warn: message => warnings.push(message) })
    expect(await driver.read('0')).toMatchObject({ version: 1 })
    await driver.dispose?.()
    expect([warnings, files()]).toEqual([[], ['sessions.db']])
  })
})

describe('a database whose files change under it', () => {
  it.each([
    ['deleted', () => ['', '-wal', '-shm'].forEach(suffix => rmSync(path() + suffix))],
    ['moved away', () => renameSync(path(), directory.path('elsewhere.db'))],
    ['replaced', () => {
      writeFileSync(directory.path('other.db'), readFileSync(path()))
      renameSync(directory.path('other.db'), path())
    }],
    ['left without its WAL', () => rmSync(`${path()}-wal`)],
    ['left without its shared memory', () => rmSync(`${path()}-shm`)],
  ])('is %s, and acknowledges nothing more (E13, E14)', async (_what, meddle) => {
    const driver = sqliteDriver({ path: path() })
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    meddle()
    const writes = [driver.create(B, 'value', meta()), driver.replace(A, 'changed', meta(), 1), driver.remove(A, NOW, 'signed_out')]
    for (const outcome of await Promise.allSettled(writes)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', message: expect.stringContaining('was deleted, replaced or moved while the server was running') as string } })
    }
    await driver.dispose?.()
  })

  it('gives no answer from a file that is gone', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    rmSync(path())
    await expect(async () => {
      for (;;) await driver.read(A) // The end of this loop is a quarter of a second of real time away.
    }).rejects.toThrow('was deleted, replaced or moved')
    await expect(async () => driver.read(A), 'the next moment').rejects.toThrow('was deleted, replaced or moved')
    await driver.dispose?.()
  })

  it('works on once it is put back', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    renameSync(path(), directory.path('elsewhere.db'))
    await expect(driver.create(B, 'value', meta())).rejects.toThrow(StoreError)
    renameSync(directory.path('elsewhere.db'), path())
    expect(await driver.remove(A, NOW, 'signed_out')).toBe(true)
    await driver.dispose?.()
  })
})
