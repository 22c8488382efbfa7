import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../../../layers/session/server/drivers/sqlite'
import { StoreError } from '../../../../layers/session/server/engine/store'
import { A, B, GUARD, NOW, meta, owned } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'

/** Linux's list of all file locks. */
const LOCKS = '/proc/locks'
const directory = makeDirectory()
const path = () => directory.path('data', 'sessions.db')

afterEach(directory.remove)

/** Makes a database and does something to it behind the driver's back. */
async function meddled(sql: string) {
  await sqliteDriver({ path: path() }).dispose?.()
  const db = new DatabaseSync(path())
  db.exec(sql)
  db.close()
}

function refusal(): StoreError {
  try {
    void sqliteDriver({ path: path() }).dispose?.()
  }
  catch (error) {
    expect(error).toBeInstanceOf(StoreError)
    return error as StoreError
  }
  throw new Error('the database was taken')
}

describe('a new database', () => {
  it('is for this user only, in a folder for this user only', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.create(A, 'value', meta())
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(path() + suffix).mode & 0o777, suffix).toBe(0o600)
    expect(statSync(directory.path('data')).mode & 0o777).toBe(0o700)
    await driver.dispose?.()
  })

  // Closing any descriptor of a file drops all locks that a process holds on it. Other processes then take the file for unused. So none may be opened and closed
  // but that of the WAL, which has no locks.
  it.skipIf(!existsSync(LOCKS))('keeps its locks when the same process opens it once more', async () => {
    const driver = sqliteDriver({ path: path() })
    const inodes = ['', '-shm', '-wal'].map(suffix => statSync(path() + suffix).ino)
    const locks = () => inodes.map(inode => readFileSync(LOCKS, 'utf8').includes(`:${inode} `))
    expect(locks()).toEqual([true, true, false])
    await sqliteDriver({ path: path() }).dispose?.()
    expect(locks()).toEqual([true, true, false])
    await driver.dispose?.()
    expect(locks()).toEqual([false, false, false])
  })

  it('takes a file that others could read away from them', async () => {
    await sqliteDriver({ path: path() }).dispose?.()
    chmodSync(path(), 0o644)
    await sqliteDriver({ path: path() }).dispose?.()
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  it('says whose it is and of which version', async () => {
    await sqliteDriver({ path: path() }).dispose?.()
    const db = new DatabaseSync(path())
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0]
    expect([pragma('application_id'), pragma('user_version'), pragma('journal_mode')]).toEqual([0x636C6B72, 1, 'wal'])
    db.close()
  })
})

describe('a database that is opened again', () => {
  it('still holds what was acknowledged', async () => {
    const first = sqliteDriver({ path: path() })
    await first.create(A, 'value', meta())
    await first.replace(A, 'changed', meta(), 1)
    await first.touch(A, NOW + 5)
    await first.enrol(B, 'ada\'s', owned('ada'), GUARD)
    await first.remove(B, NOW, 'signed_out')
    await first.dispose?.()
    const second = sqliteDriver({ path: path() })
    expect(await second.read(A)).toEqual({ value: 'changed', version: 2, lastSeenAt: NOW + 5 })
    expect(await second.create(B, 'again', meta())).toBe(false)
    await second.dispose?.()
  })

  it('holds writes that were under way when it was closed', async () => {
    const first = sqliteDriver({ path: path() })
    const writing = first.create(A, 'value', meta())
    await first.dispose?.()
    expect(await writing).toBe(true)
    const second = sqliteDriver({ path: path() })
    expect(await second.read(A)).toMatchObject({ value: 'value' })
    await second.dispose?.()
  })

  it('refuses to answer once it is closed, and never answers "missing"', async () => {
    const driver = sqliteDriver({ path: path() })
    await driver.dispose?.()
    expect(() => driver.read(A)).toThrow(StoreError)
    await expect(driver.create(A, 'value', meta())).rejects.toBeInstanceOf(StoreError)
  })
})

describe('a file that is not ours', () => {
  it('is refused when it is another program\'s database', () => {
    directory.path()
    sqliteForeign()
    expect(refusal().message).toBe(`[session] [store:sqlite] ${path()} is a database of another program. Point NUXT_SESSION_STORE at another file`)
  })

  it('is left as it was', () => {
    sqliteForeign()
    const before = [statSync(path()).mode, readFileSync(path()).toString('base64')]
    refusal()
    expect([statSync(path()).mode, readFileSync(path()).toString('base64')]).toEqual(before)
    expect(readdirSync(directory.path('data')).toSorted()).toEqual(['other.db', 'sessions.db'])
  })

  it('is refused when it is no database, and left as it was', () => {
    makeFolder()
    writeFileSync(path(), 'dear diary\n'.repeat(500))
    expect(refusal().message).toMatch(/is not a SQLite database\. Point NUXT_SESSION_STORE at another file$/)
    expect(readFileSync(path(), 'utf8')).toMatch(/^dear diary/)
  })

  it('is refused when a newer version wrote it', async () => {
    await meddled('PRAGMA user_version = 2')
    expect(refusal().message).toMatch(/was written by a newer version of the session layer\. Update this one, or use another file$/)
  })

  it('is refused when its tables are not ours, with the cause', async () => {
    await meddled('DROP TABLE sessions')
    expect(refusal().cause).toBeInstanceOf(Error)
  })

  it('is refused when it is a folder, or lies in none', () => {
    makeFolder()
    expect(() => sqliteDriver({ path: directory.path('data') })).toThrow(/cannot be opened\. Check that its folder exists and may be written$/)
    expect(() => sqliteDriver({ path: directory.path('data', 'other.db', 'sessions.db') })).toThrow(/cannot be opened\. Check that its folder exists and may be written$/)
  })

  function sqliteForeign() {
    makeFolder()
    const db = new DatabaseSync(path())
    db.exec('CREATE TABLE diary (text TEXT)')
    db.close()
    chmodSync(path(), 0o644)
  }

  function makeFolder() {
    void sqliteDriver({ path: directory.path('data', 'other.db') }).dispose?.()
  }
})
