import { existsSync, fdatasync, fstatSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sqliteDriver } from '../../../../layers/session/server/drivers/sqlite'
import { FilePresence } from '../../../../layers/session/server/drivers/sqlite/file-presence'
import { WalFile } from '../../../../layers/session/server/drivers/sqlite/wal-file'
import type { AtomicDriver } from '../../../../layers/session/server/engine/store'
import { A, B, NOW, meta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'
import { eventually } from '../../../support/eventually'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return { ...fs, fdatasync: vi.fn(fs.fdatasync) }
})

const directory = makeDirectory()
const path = () => directory.path('sessions.db')

afterEach(directory.remove)

describe('WalFile', () => {
  it('never makes the file', () => {
    writeFileSync(path(), '')
    expect(() => new WalFile(path())).toThrow('ENOENT')
    expect(existsSync(`${path()}-wal`)).toBe(false)
  })

  it('fails once it is closed', async () => {
    writeFileSync(`${path()}-wal`, '')
    const wal = new WalFile(path())
    await wal.flush()
    wal.close()
    await expect(wal.flush()).rejects.toThrow('EBADF')
  })

  it('is told from another file of its name', () => {
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(path() + suffix, '')
    const wal = new WalFile(path())
    writeFileSync(directory.path('other'), '')
    renameSync(directory.path('other'), `${path()}-wal`)
    expect(() => new FilePresence(path(), wal.inode).assert()).toThrow('was deleted, replaced or moved')
    wal.close()
  })
})

describe('the SQLite driver', () => {
  const disk = vi.mocked(fdatasync)
  const realDisk = disk.getMockImplementation()!
  /** What the disk is told to bring to safety, each by its callback. */
  let flushes: { inode: number, run: () => void, fail: () => void }[]
  let driver: AtomicDriver

  beforeEach(() => {
    driver = sqliteDriver({ path: path() })
    flushes = []
    disk.mockImplementation((descriptor, done) => {
      flushes.push({
        inode: fstatSync(descriptor).ino,
        run: () => realDisk(descriptor, done),
        fail: () => done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })),
      })
    })
  })

  afterEach(async () => {
    disk.mockImplementation(realDisk)
    await driver.dispose?.()
  })

  const begun = (number = 1) => eventually(() => expect(flushes.length).toBeGreaterThanOrEqual(number))
  const outcomeOf = (writing: unknown) => Promise.resolve(writing).catch((error: Error) => error.message)

  it('flushes the file that SQLite writes to, and acknowledges no write before that', async () => {
    const acknowledged = vi.fn()
    const writing = Promise.resolve(driver.create(A, 'value', meta())).then(acknowledged)
    await begun()
    expect(driver.read(A)).toMatchObject({ value: 'value' }) // Committed already.
    expect(acknowledged).not.toHaveBeenCalled()
    expect(flushes[0]!.inode).toBe(statSync(`${path()}-wal`).ino)
    flushes[0]!.run()
    await writing
    expect(acknowledged).toHaveBeenCalledWith(true)
  })

  it('flushes also before it says that there is nothing to do: another process may have done it, and not flushed it yet', async () => {
    const removing = outcomeOf(driver.remove(A, NOW, 'signed_out'))
    await begun()
    flushes[0]!.run()
    expect(await removing).toBe(false)
  })

  it('reads on when the disk has failed, and acknowledges no write until it is opened anew', async () => {
    const writing = outcomeOf(driver.create(A, 'value', meta()))
    await begun()
    flushes[0]!.fail()
    expect(await writing).toContain('See to the disk, then restart the server')
    expect(await outcomeOf(driver.create(B, 'value', meta()))).toContain('See to the disk, then restart the server')
    expect(driver.read(A)).toMatchObject({ value: 'value' })
    await driver.dispose?.()
    disk.mockImplementation(realDisk)
    driver = sqliteDriver({ path: path() })
    expect(await driver.create(B, 'value', meta())).toBe(true)
  })

  it('is disposed of when the flush under way has ended, with all that waited for it', async () => {
    const writes = [driver.create(A, 'value', meta())]
    await begun()
    writes.push(driver.create(B, 'value', meta()))
    const disposed = [driver.dispose?.(), driver.dispose?.()]
    flushes[0]!.run()
    await begun(2)
    flushes[1]!.run()
    await Promise.all(disposed)
    expect(await Promise.all(writes)).toEqual([true, true])
    expect(existsSync(`${path()}-wal`)).toBe(false) // It was closed: SQLite has cleared away behind it.
  })

  it('is disposed of at once when nothing is under way', () => {
    void driver.dispose?.()
    expect(existsSync(`${path()}-wal`)).toBe(false)
  })

  it('begins with an empty WAL, so that nothing is acknowledged behind what an earlier process left there', async () => {
    const writing = outcomeOf(driver.create(A, 'value', meta()))
    await begun()
    flushes[0]!.run()
    await writing
    expect(statSync(`${path()}-wal`).size).toBeGreaterThan(0)
    const second = sqliteDriver({ path: path() })
    expect(statSync(`${path()}-wal`).size).toBe(0)
    expect(second.read(A)).toMatchObject({ value: 'value' })
    await second.dispose?.()
  })
})
