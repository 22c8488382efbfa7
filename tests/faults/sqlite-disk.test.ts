import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { typeScriptProgram } from '../support/child'
import { lineProcess } from '../support/child-process-lines'
import { meta } from '../support/contract/samples'
import { makeDirectory } from '../support/directory'
import { canMount } from '../support/mount'

const PROGRAM = join(import.meta.dirname, 'store-process.ts')
const VALUE = 'x'.repeat(2000)
/** Shell commands that mount a disk of this size on the folder `$0`, then run the store. */
const onDiskOf = (size: string) => `mount -t tmpfs -o size=${size},mode=700 tmpfs "$0"; exec "$@"`
const directory = makeDirectory()
const path = () => directory.path('disk', 'sessions.db')
const storeError = (problem: string) => `StoreError: [cloakroom] [store:sqlite] ${path()} ${problem}`
let store: ReturnType<typeof startStore>

afterEach(async () => {
  await store.end()
  directory.remove()
})

describe.skipIf(process.platform !== 'linux')('a SQLite store on a disk with I/O errors', () => {
  it('refuses writes, still reads, and continues when the disk works again', async () => {
    // Files may not exceed 600 blocks of 512 bytes. A larger write fails with EFBIG, which SQLite reports as I/O error.
    store = startStore('ulimit -S -f 600; trap "" XFSZ; exec "$@"')
    await store.request('open')
    const acknowledged = await createUntil(storeError('cannot be read or written (disk error)'))
    await expectAllStored(acknowledged)
    execFileSync('prlimit', ['--pid', `${store.pid}`, '--fsize=unlimited'])
    await expectRecovered(acknowledged)
  })
})

describe.skipIf(!canMount())('a SQLite store on a full disk', () => {
  it('refuses writes, still reads, and continues when there is space again', async () => {
    store = startStore(onDiskOf('1m'), 'unshare', '-rm')
    await store.request('open')
    const acknowledged = await createUntil(storeError('cannot grow: the disk is full'))
    await expectAllStored(acknowledged)
    await store.request('mount', 'remount,size=8m')
    await expectRecovered(acknowledged)
  })

  it('opens and reads all sessions', async () => {
    store = startStore(onDiskOf('1m'), 'unshare', '-rm')
    await store.request('open')
    const acknowledged = await createUntil(storeError('cannot grow: the disk is full'))
    expect(await store.request('open')).toEqual({ result: null })
    await expectAllStored(acknowledged)
  })
})

describe.skipIf(!canMount())('a SQLite store on a read-only disk', () => {
  it('refuses to open and says why', async () => {
    store = startStore(onDiskOf('8m'), 'unshare', '-rm')
    await store.request('open')
    await store.request('create', 'a', VALUE, meta())
    await store.request('dispose')
    await store.request('mount', 'remount,ro')
    const error = storeError('cannot be opened. Check that its folder exists and is writable')
    expect(await store.request('open')).toEqual({ error })
    await store.request('mount', 'remount,rw')
    await store.request('open')
    expect(await store.request('read', 'a')).toMatchObject({ result: { value: VALUE } })
  })
})

/** Creates sessions until that fails, which must be with this error. Returns the keys of the acknowledged ones. */
async function createUntil(problem: string): Promise<string[]> {
  const acknowledged: string[] = []
  for (;;) {
    const key = `key${acknowledged.length}`
    const { result, error } = await store.request('create', key, VALUE, meta())
    if (error) {
      expect(error).toBe(problem)
      expect(acknowledged.length).toBeGreaterThan(5)
      return acknowledged
    }
    expect(result).toBe(true)
    acknowledged.push(key)
  }
}

async function expectAllStored(keys: readonly string[]) {
  for (const key of keys) {
    expect(await store.request('read', key), key).toMatchObject({ result: { value: VALUE } })
  }
}

/** Asserts that the store works on the same connection, and after it is opened again. */
async function expectRecovered(acknowledged: readonly string[]) {
  expect(await store.request('create', 'afterwards', VALUE, meta())).toEqual({ result: true })
  await store.request('dispose')
  expect(await store.request('integrity')).toEqual({ result: [{ integrity_check: 'ok' }] })
  await store.request('open')
  await expectAllStored([...acknowledged, 'afterwards'])
}

/** Starts the store from a shell script that prepares the folder `$0`; `wrapper` is a command that runs the shell. */
function startStore(script: string, ...wrapper: string[]) {
  mkdirSync(directory.path('disk'))
  const shell = ['sh', '-ec', script, directory.path('disk')]
  const [program, ...args] = [...wrapper, ...shell, ...typeScriptProgram(PROGRAM, path())]
  const { pid, request, end } = lineProcess(spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
  return {
    pid,
    end,
    request: (...task: unknown[]) => request(JSON.stringify(task)) as Promise<{ result?: unknown, error?: string }>,
  }
}
