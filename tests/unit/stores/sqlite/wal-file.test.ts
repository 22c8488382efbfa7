import { existsSync, fdatasync, fstatSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AtomicDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { sqliteDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { FileWatch, WalFile } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/files'
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
  it('never creates the file', () => {
    writeFileSync(path(), '')
    expect(() => new WalFile(path())).toThrow('ENOENT')
    expect(existsSync(`${path()}-wal`)).toBe(false)
  })

  it('fails to flush after it is closed', async () => {
    writeFileSync(`${path()}-wal`, '')
    const wal = new WalFile(path())
    await wal.flush()
    wal.close()
    await expect(wal.flush()).rejects.toThrow('EBADF')
  })

  it('has the inode by which FileWatch notices that the file was replaced', () => {
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(path() + suffix, '')
    const wal = new WalFile(path())
    expect(() => new FileWatch(path(), wal.inode).assertUnchanged()).not.toThrow()
    writeFileSync(directory.path('other'), '')
    renameSync(directory.path('other'), `${path()}-wal`)
    const files = new FileWatch(path(), wal.inode)
    expect(() => files.assertUnchanged()).toThrow('was deleted, replaced or moved')
    wal.close()
  })
})

describe('sqliteDriver', () => {
  const DISK_FAILED = 'Writes are disabled until restart. Check the disk, then restart the server'
  const disk = vi.mocked(fdatasync)
  const realDisk = disk.getMockImplementation()!
  /** The flushes that have started: each runs or fails when the test says so. */
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

  const flushStarted = (count = 1) => eventually(() => expect(flushes.length).toBeGreaterThanOrEqual(count))
  /** The result of a write, or the message of its error. */
  const outcomeOf = (writing: unknown) => Promise.resolve(writing).catch((error: Error) => error.message)

  it('flushes the file that SQLite writes to, and acknowledges no write before that', async () => {
    const acknowledge = vi.fn()
    const writing = Promise.resolve(driver.create(A, 'value', meta())).then(acknowledge)
    await flushStarted()
    expect(driver.read(A)).toMatchObject({ value: 'value' }) // It is committed already.
    expect(acknowledge).not.toHaveBeenCalled()
    expect(flushes[0]!.inode).toBe(statSync(`${path()}-wal`).ino)
    flushes[0]!.run()
    await writing
    expect(acknowledge).toHaveBeenCalledWith(true)
  })

  // Another process may have committed a removal that it has not flushed yet.
  it('flushes before it reports that there was no session to remove', async () => {
    const removing = outcomeOf(driver.remove(A, NOW, 'signed_out'))
    await flushStarted()
    flushes[0]!.run()
    expect(await removing).toBe(false)
  })

  it('continues to read after a flush failed, and acknowledges no write until it is opened again', async () => {
    const writing = outcomeOf(driver.create(A, 'value', meta()))
    await flushStarted()
    flushes[0]!.fail()
    expect(await writing).toContain(DISK_FAILED)
    expect(await outcomeOf(driver.create(B, 'value', meta()))).toContain(DISK_FAILED)
    expect(driver.read(A)).toMatchObject({ value: 'value' })
    await driver.dispose?.()
    disk.mockImplementation(realDisk)
    driver = sqliteDriver({ path: path() })
    expect(await driver.create(B, 'value', meta())).toBe(true)
  })

  it('closes after the flush in progress and the writes that wait for it', async () => {
    const writes = [driver.create(A, 'value', meta())]
    await flushStarted()
    writes.push(driver.create(B, 'value', meta()))
    const closing = [driver.dispose?.(), driver.dispose?.()]
    flushes[0]!.run()
    await flushStarted(2)
    flushes[1]!.run()
    await Promise.all(closing)
    expect(await Promise.all(writes)).toEqual([true, true])
    expect(existsSync(`${path()}-wal`)).toBe(false) // SQLite deletes it when the last connection is closed.
  })

  it('closes synchronously if no write is in progress', () => {
    void driver.dispose?.()
    expect(existsSync(`${path()}-wal`)).toBe(false)
  })

  it('starts with an empty WAL, so that no write follows a gap that an earlier process left', async () => {
    const writing = outcomeOf(driver.create(A, 'value', meta()))
    await flushStarted()
    flushes[0]!.run()
    await writing
    expect(statSync(`${path()}-wal`).size).toBeGreaterThan(0)
    const second = sqliteDriver({ path: path() })
    expect(statSync(`${path()}-wal`).size).toBe(0)
    expect(second.read(A)).toMatchObject({ value: 'value' })
    await second.dispose?.()
  })
})
