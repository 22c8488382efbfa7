import { closeSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { AtomicDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { StoreError } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { sqliteDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { A, B, LIMIT, NOW, meta, userMeta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'

const PAGE = 4096
const ROWS = 4000
const MISSING_FILE = 'was deleted, replaced or moved while the server was running'
const directory = makeDirectory()
const path = () => directory.path('sessions.db')
const files = () => readdirSync(directory.path()).toSorted()

afterEach(directory.remove)

/** Creates a database of a few megabytes, more than SQLite caches in memory. */
async function createDatabase() {
  const driver = sqliteDriver({ path: path() })
  await fill(driver)
  await driver.dispose?.()
}

async function fill(driver: AtomicDriver) {
  const value = 'x'.repeat(1000)
  await Promise.all(Array.from({ length: ROWS }, (_, i) => driver.create(String(i), value, meta())))
}

/** Overwrites a part of the file in place, like a failing disk or another program. */
function damage(from: number, length: number) {
  const file = openSync(path(), 'r+')
  writeSync(file, Buffer.alloc(length, 0xFF), 0, length, from)
  closeSync(file)
}

describe('a damaged database', () => {
  it.each([
    ['in its header', 0, 100, /is not a SQLite database/],
    ['in its schema', 100, 2 * PAGE, /is damaged/],
    ['in a page near its end', 300 * PAGE, PAGE, /is damaged/],
  ])('is refused at the start and not changed, if it is damaged %s', async (_where, from, length, problem) => {
    await createDatabase()
    damage(from, length)
    const bytes = readFileSync(path())
    expect(() => sqliteDriver({ path: path() })).toThrow(problem)
    expect(readFileSync(path()).equals(bytes)).toBe(true)
    expect(files()).toEqual(['sessions.db'])
  })

  it('is refused with advice on how to keep it and how to start without it', async () => {
    await createDatabase()
    damage(100, 2 * PAGE)
    expect(() => sqliteDriver({ path: path() })).toThrow('is damaged. Stop the server, keep a copy, and restore it or '
      + 'remove it to start without sessions; with "?corrupt=reset" after its name it is moved aside at the start')
  })

  it('is refused if it is truncated', async () => {
    await createDatabase()
    writeFileSync(path(), readFileSync(path()).subarray(0, 200 * PAGE))
    expect(() => sqliteDriver({ path: path() })).toThrow(/is damaged/)
  })

  it('throws StoreError for rows that are damaged while it is open, and never reports them as missing', async () => {
    await createDatabase()
    const driver = sqliteDriver({ path: path() })
    damage(2 * PAGE, 900 * PAGE)
    const outcomes = Array.from({ length: ROWS }, (_, i) => {
      try {
        return driver.read(String(i))
      }
      catch (error) {
        return error
      }
    })
    expect(outcomes).not.toContain(null)
    const isDamaged = (outcome: unknown) => outcome instanceof StoreError && outcome.message.includes('is damaged')
    expect(outcomes.some(isDamaged)).toBe(true)
    await driver.dispose?.()
  })

  it.each([
    ['in its header', 0, 100],
    ['in a page near its end', 300 * PAGE, PAGE],
  ])('is moved aside for onCorrupt: reset, with a warning, if it is damaged %s', async (_where, from, length) => {
    await createDatabase()
    damage(from, length)
    const bytes = readFileSync(path())
    const warnings: string[] = []
    const driver = sqliteDriver({ path: path(), onCorrupt: 'reset', warn: message => warnings.push(message) })
    expect(await driver.create('0', 'new', meta())).toBe(true)
    const [moved] = files().filter(file => /^sessions\.db\.corrupt-\d{4}-\d\d-\d\dT[\d-]+Z$/.test(file))
    expect(readFileSync(directory.path(moved!)).equals(bytes)).toBe(true)
    expect(warnings).toEqual([`[cloakroom] [store:sqlite] ${path()} was damaged, so all sessions have ended. It was `
      + `moved to ${directory.path(moved!)}`])
    await driver.dispose?.()
  })

  it('is not moved aside for onCorrupt: reset if it is not damaged', async () => {
    await createDatabase()
    const warnings: string[] = []
    const driver = sqliteDriver({ path: path(), onCorrupt: 'reset', warn: message => warnings.push(message) })
    expect(await driver.read('0')).toMatchObject({ version: 1 })
    await driver.dispose?.()
    expect([warnings, files()]).toEqual([[], ['sessions.db']])
  })
})

describe('a database whose files change while it is open', () => {
  it.each([
    ['it is deleted', () => ['', '-wal', '-shm'].forEach(suffix => rmSync(path() + suffix))],
    ['it is moved away', () => renameSync(path(), directory.path('elsewhere.db'))],
    ['it is replaced', () => {
      writeFileSync(directory.path('other.db'), readFileSync(path()))
      renameSync(directory.path('other.db'), path())
    }],
    ['its WAL is deleted', () => rmSync(`${path()}-wal`)],
    ['its shared memory is deleted', () => rmSync(`${path()}-shm`)],
  ])('acknowledges no write after %s', async (_what, change) => {
    const driver = sqliteDriver({ path: path() })
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)
    change()
    const outcomes = await Promise.allSettled([
      driver.create(B, 'value', meta()),
      driver.replace(A, 'changed', meta(), 1),
      driver.remove(A, NOW, 'signed_out'),
    ])
    const message = expect.stringContaining(MISSING_FILE) as string
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', message } })
    }
    await driver.dispose?.()
  })

  it('returns no data of a file that was deleted', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    rmSync(path())
    await expect(async () => {
      for (;;) await driver.read(A) // The driver notices after a quarter of a second of real time.
    }).rejects.toThrow(MISSING_FILE)
    await expect(async () => driver.read(A), 'the next read').rejects.toThrow(MISSING_FILE)
    await driver.dispose?.()
  })

  it('continues after the file is moved back', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    renameSync(path(), directory.path('elsewhere.db'))
    await expect(driver.create(B, 'value', meta())).rejects.toThrow(StoreError)
    renameSync(directory.path('elsewhere.db'), path())
    expect(await driver.remove(A, NOW, 'signed_out')).toBe(true)
    await driver.dispose?.()
  })
})
