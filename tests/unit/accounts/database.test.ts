import {
  existsSync, fdatasync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as immediate } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AccountStore } from '../../../server/accounts/store'
import { makeDirectory } from '../../support/directory'
import { HANG_MS } from '../../support/limits'
import { changeDatabase, hideStore, lockStore } from '../../support/store'

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>()
  return { ...fs, fdatasync: vi.fn(fs.fdatasync) }
})

const directory = makeDirectory()
const path = () => directory.path('accounts.db')
const problem = (text: string, file = path()) => ({
  name: 'AccountsUnavailableError',
  message: expect.stringMatching(`^\\[accounts\\] ${file} \\(NUXT_ACCOUNTS_FILE\\) ${text}`) as unknown,
})
let stores: AccountStore[] = []

function open(options?: { maxWait: number }): AccountStore {
  const store = new AccountStore(path(), options)
  stores.push(store)
  return store
}

afterEach(() => {
  for (const store of stores) store.close()
  stores = []
  directory.remove()
})

/** The error of an attempt to open the file. */
function openingError(): unknown {
  try {
    open()
  }
  catch (error) {
    return error
  }
  throw new Error('The file was opened.')
}

describe('an accounts file that another process has locked', () => {
  it('is waited for without blocking the event loop', async () => {
    const store = open({ maxWait: HANG_MS })
    const unlock = lockStore(path())
    const adding = store.add('Ada', 'hash')
    // This runs only if the wait does not block. Otherwise the lock would outlast it.
    for (let round = 0; round < 10; round++) await immediate()
    unlock()
    expect(await adding).toMatchObject({ name: 'Ada' })
    expect(await store.byName('ada')).toMatchObject({ name: 'Ada' })
  })

  it('fails writes with one sentence if the lock lasts, and still reads', async () => {
    const store = open({ maxWait: 0 })
    const ada = (await store.add('Ada', 'hash'))!
    const unlock = lockStore(path())
    for (const write of [store.add('Bob', 'hash'), store.setPassword(ada, 'next'), store.remove(ada.id)]) {
      await expect(write).rejects.toMatchObject(problem('is locked by another process for too long\\. Find '))
    }
    expect(await store.byName('ada')).toEqual(ada)
    unlock()
    expect(await store.byName('bob')).toBeNull()
    expect(await store.setPassword(ada, 'next')).toBe(true)
  })
})

describe('an accounts file that is gone while the server runs', () => {
  const GONE = 'was deleted, replaced or moved while the server was running\\. Put it back, '

  it('fails reads and writes after it was deleted, and nothing is acknowledged', async () => {
    const store = open()
    await store.add('Ada', 'hash')
    rmSync(path())
    await expect(store.add('Bob', 'hash')).rejects.toMatchObject(problem(GONE))
    await expect(store.byName('ada')).rejects.toMatchObject(problem(GONE))
    expect(existsSync(path())).toBe(false)
  })

  it('acknowledges no write during which it was deleted', async () => {
    const store = open()
    const adding = store.add('Ada', 'hash')
    rmSync(path())
    await expect(adding).rejects.toMatchObject(problem(GONE))
  })

  it('fails after another file or a symbolic link has taken its place', async () => {
    const store = open()
    hideStore(path())
    new DatabaseSync(path()).close()
    await expect(store.add('Ada', 'hash')).rejects.toMatchObject(problem(GONE))
    rmSync(path())
    symlinkSync(`${path()}.away`, path())
    await expect(store.add('Ada', 'hash')).rejects.toMatchObject(problem(GONE))
  })

  it.each(['-wal', '-shm'])('fails while its %s file is moved away', async (suffix) => {
    const store = open()
    renameSync(path() + suffix, `${path()}.away`)
    await expect(store.add('Ada', 'hash')).rejects.toMatchObject(problem(GONE))
    renameSync(`${path()}.away`, path() + suffix)
    expect(await store.add('Ada', 'hash')).toMatchObject({ name: 'Ada' })
  })
})

describe('an accounts file that the disk fails to store', () => {
  it('acknowledges neither that change nor a later one, until it is opened again, and still reads', async () => {
    const store = open()
    await store.add('Ada', 'hash')
    vi.mocked(fdatasync).mockImplementationOnce((_, done) => done(new Error('EIO')))
    const lost = problem('could not be flushed to disk, so the most recent changes may be lost\\. Check the disk, ')
    await expect(store.add('Bob', 'hash')).rejects.toMatchObject(lost)
    await expect(store.add('Charles', 'hash')).rejects.toMatchObject(lost)
    expect(await store.byName('ada')).toMatchObject({ name: 'Ada' })
    expect(await open().add('Charles', 'hash')).toMatchObject({ name: 'Charles' })
  })
})

describe('a path that is not an accounts file', () => {
  it('is refused if it is a symbolic link, and the file that it leads to is not changed', () => {
    const target = directory.path('target')
    writeFileSync(target, 'a letter', { mode: 0o644 })
    symlinkSync(target, path())
    expect(openingError()).toMatchObject(problem('is a symbolic link\\. Set the variable to the file itself\\.$'))
    expect([lstatSync(target).mode & 0o777, readFileSync(target, 'utf8')]).toEqual([0o644, 'a letter'])
  })

  it('is refused if it is a symbolic link to nothing, and creates nothing there', () => {
    symlinkSync(directory.path('target'), path())
    expect(openingError()).toMatchObject(problem('is a symbolic link'))
    expect(existsSync(directory.path('target'))).toBe(false)
  })

  it.each(['-wal', '-shm'])('is refused if its %s file is a symbolic link', (suffix) => {
    symlinkSync(directory.path('target'), path() + suffix)
    expect(openingError()).toMatchObject(problem('is a symbolic link', path() + suffix))
    expect(existsSync(directory.path('target'))).toBe(false)
  })

  it('is refused if it is a folder', () => {
    mkdirSync(path())
    expect(openingError()).toMatchObject(problem('is not a file\\. '))
  })

  it('is refused if its folder is a file', () => {
    writeFileSync(directory.path('folder'), '')
    expect(() => new AccountStore(directory.path('folder', 'accounts.db')))
      .toThrow(/\(NUXT_ACCOUNTS_FILE\) cannot be opened\. Check that its folder exists and is writable\.$/)
  })

  it('is refused if it is not a database, and keeps its mode', () => {
    writeFileSync(path(), 'a letter\n'.repeat(200), { mode: 0o644 })
    expect(openingError()).toMatchObject(problem('is not an SQLite database\\. '))
    expect(lstatSync(path()).mode & 0o777).toBe(0o644)
  })

  it('is refused if it is a database of another program, and gets no table', () => {
    changeDatabase(path(), 'CREATE TABLE sessions (key TEXT)')
    expect(openingError()).toMatchObject(problem('is a database of another program\\. '))
    const other = new DatabaseSync(path())
    expect(other.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'sessions' }])
    other.close()
  })
})

describe('a damaged accounts file', () => {
  it('is refused with one sentence, and stays as it is', async () => {
    const store = open()
    for (let number = 0; number < 50; number++) await store.add(`visitor-${number}`, 'x'.repeat(400))
    stores.pop()!.close()
    const bytes = readFileSync(path())
    bytes.fill(0xAA, bytes.length / 2) // After the header and the schema.
    writeFileSync(path(), bytes)
    expect(openingError()).toMatchObject(problem('is damaged\\. Stop the server, keep a copy, and restore '))
    expect(readFileSync(path()).equals(bytes)).toBe(true)
  })
})
