import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { sqliteDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { A, B, LIMIT, NOW, meta, userMeta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'

/** Linux's list of all file locks. */
const LOCKS = '/proc/locks'
const directory = makeDirectory()
const path = () => directory.path('data', 'sessions.db')
const modeOf = (file: string) => statSync(file).mode & 0o777

afterEach(directory.remove)

/** Creates a database and changes it without the driver. */
async function createChanged(sql: string) {
  await sqliteDriver({ path: path() }).dispose?.()
  const db = new DatabaseSync(path())
  db.exec(sql)
  db.close()
}

/** The error of an attempt to open the database. */
function refusal(): StoreError {
  try {
    void sqliteDriver({ path: path() }).dispose?.()
  }
  catch (error) {
    expect(error).toBeInstanceOf(StoreError)
    return error as StoreError
  }
  throw new Error('The database was opened.')
}

it('says which Node it needs on one without node:sqlite, and creates no file', () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  expect(() => sqliteDriver({ path: path() })).toThrow(
    `NUXT_CLOAKROOM_STORE is a sqlite: store, but Node ${process.versions.node} has no node:sqlite. `
    + 'Use Node 22.19, 24.11, 26 or newer, or another store.',
  )
  expect(existsSync(path())).toBe(false)
})

describe('a new database', () => {
  it('has files and a folder that are accessible to this user only', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    for (const suffix of ['', '-wal', '-shm']) expect(modeOf(path() + suffix), suffix).toBe(0o600)
    expect(modeOf(directory.path('data'))).toBe(0o700)
    await driver.dispose?.()
  })

  // Closing any descriptor of a file drops all locks that the process holds on it, so that other processes take the
  // file for unused. So the driver may open and close no file except the WAL, which has no locks.
  it.skipIf(!existsSync(LOCKS))('keeps its locks when the same process opens it again', async () => {
    const driver = sqliteDriver({ path: path() })
    const inodes = ['', '-shm', '-wal'].map(suffix => statSync(path() + suffix).ino)
    const locks = () => inodes.map(inode => readFileSync(LOCKS, 'utf8').includes(`:${inode} `))
    expect(locks()).toEqual([true, true, false])
    await sqliteDriver({ path: path() }).dispose?.()
    expect(locks()).toEqual([true, true, false])
    await driver.dispose?.()
    expect(locks()).toEqual([false, false, false])
  })

  it('makes a file that others could read inaccessible to them', async () => {
    await sqliteDriver({ path: path() }).dispose?.()
    chmodSync(path(), 0o644)
    await sqliteDriver({ path: path() }).dispose?.()
    expect(modeOf(path())).toBe(0o600)
  })

  it('contains an application id and a schema version', async () => {
    await sqliteDriver({ path: path() }).dispose?.()
    const db = new DatabaseSync(path())
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0]
    const values = [pragma('application_id'), pragma('user_version'), pragma('journal_mode')]
    expect(values).toEqual([0x636C6B72, 2, 'wal'])
    db.close()
  })
})

describe('a database that is opened again', () => {
  it('contains all acknowledged writes', async () => {
    const first = sqliteDriver({ path: path() })
    await first.create(A, 'value', meta())
    await first.replace(A, 'changed', meta(), 1)
    await first.touch(A, NOW + 5)
    await first.assignUser(B, 'a session of ada', userMeta('ada'), LIMIT)
    await first.remove(B, NOW, 'signed_out')
    await first.dispose?.()
    const second = sqliteDriver({ path: path() })
    expect(await second.read(A)).toEqual({ value: 'changed', version: 2, lastSeenAt: NOW + 5 })
    expect(await second.create(B, 'again', meta())).toBe(false)
    await second.dispose?.()
  })

  it('contains writes that were in progress when it was closed', async () => {
    const first = sqliteDriver({ path: path() })
    const writing = first.create(A, 'value', meta())
    await first.dispose?.()
    expect(await writing).toBe(true)
    const second = sqliteDriver({ path: path() })
    expect(await second.read(A)).toMatchObject({ value: 'value' })
    await second.dispose?.()
  })

  it('throws after it is closed, and never reports a session as missing', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.dispose?.()
    expect(() => driver.read(A)).toThrow(StoreError)
    await expect(driver.create(A, 'value', meta())).rejects.toBeInstanceOf(StoreError)
  })
})

describe('a file that is not a session database', () => {
  const CANNOT_OPEN = /cannot be opened\. Check that its folder exists and is writable$/

  it('is refused if it is a database of another program', () => {
    createForeignDatabase()
    expect(refusal().message).toBe(`[cloakroom] [store:sqlite] ${path()} is a database of another program. Point `
      + `NUXT_CLOAKROOM_STORE at another file`)
  })

  it('is not changed when it is refused', () => {
    createForeignDatabase()
    const before = [statSync(path()).mode, readFileSync(path()).toString('base64')]
    refusal()
    expect([statSync(path()).mode, readFileSync(path()).toString('base64')]).toEqual(before)
    expect(readdirSync(directory.path('data')).toSorted()).toEqual(['other.db', 'sessions.db'])
  })

  it('is refused and not changed if it is not a database', () => {
    createFolder()
    writeFileSync(path(), 'dear diary\n'.repeat(500))
    const problem = /is not a SQLite database\. Point NUXT_CLOAKROOM_STORE at another file$/
    expect(refusal().message).toMatch(problem)
    expect(readFileSync(path(), 'utf8')).toMatch(/^dear diary/)
  })

  it('is refused if a newer version wrote it', async () => {
    await createChanged('PRAGMA user_version = 3')
    const problem = /was written by a newer version of nuxt-cloakroom\. Update it, or use another file$/
    expect(refusal().message).toMatch(problem)
  })

  it('is refused if a table is missing, with the cause', async () => {
    await createChanged('DROP TABLE sessions')
    expect(refusal().cause).toBeInstanceOf(Error)
  })

  it('is refused if the path is a folder or is inside a file', () => {
    createFolder()
    expect(() => sqliteDriver({ path: directory.path('data') })).toThrow(CANNOT_OPEN)
    expect(() => sqliteDriver({ path: directory.path('data', 'other.db', 'sessions.db') })).toThrow(CANNOT_OPEN)
  })

  function createForeignDatabase() {
    createFolder()
    const db = new DatabaseSync(path())
    db.exec('CREATE TABLE diary (text TEXT)')
    db.close()
    chmodSync(path(), 0o644)
  }

  function createFolder() {
    void sqliteDriver({ path: directory.path('data', 'other.db') }).dispose?.()
  }
})
