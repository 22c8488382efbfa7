import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { typeScriptProgram } from '../support/child'
import { meta } from '../support/contract/samples'
import { makeDirectory } from '../support/directory'
import { lineProcess } from '../support/line-process'

const PROGRAM = join(import.meta.dirname, 'store-process.ts')
const VALUE = 'x'.repeat(2000)
const directory = makeDirectory()
const path = () => directory.path('disk', 'sessions.db')
let store: ReturnType<typeof startOn>

afterEach(async () => {
  await store.end()
  directory.remove()
})

/** E12: the disk fails a server that is running. */
describe('a SQLite store whose disk will not take more', () => {
  it.skipIf(process.platform !== 'linux')('refuses what it cannot write, still gives what it has, and goes on when the fault is over (E12)', async () => {
    // Files may not grow past this many blocks of 512 bytes: a write then fails with EFBIG, which SQLite takes for an I/O error.
    store = startOn('ulimit -S -f 600; trap "" XFSZ; exec "$@"')
    await store.ask('open')
    const acknowledged = await fillUntil('StoreError: [session] [store:sqlite] ' + path() + ' cannot be read or written (disk error)')
    await expectAllThere(acknowledged)
    execFileSync('prlimit', ['--pid', `${store.pid}`, '--fsize=unlimited'])
    await expectToGoOn(acknowledged)
  })

  it.skipIf(!mayMount())('refuses what it cannot write on a full disk, and goes on when there is room again (E12)', async () => {
    store = startOn('mount -t tmpfs -o size=1m,mode=700 tmpfs "$0"; exec "$@"', 'unshare', '-rm')
    await store.ask('open')
    const acknowledged = await fillUntil(`StoreError: [session] [store:sqlite] ${path()} cannot grow: the disk is full`)
    await expectAllThere(acknowledged)
    await store.ask('mount', 'remount,size=8m')
    await expectToGoOn(acknowledged)
  })

  it.skipIf(!mayMount())('starts on a full disk, and gives what it has (E12)', async () => {
    store = startOn('mount -t tmpfs -o size=1m,mode=700 tmpfs "$0"; exec "$@"', 'unshare', '-rm')
    await store.ask('open')
    const acknowledged = await fillUntil(`StoreError: [session] [store:sqlite] ${path()} cannot grow: the disk is full`)
    expect(await store.ask('open')).toEqual({ answer: null })
    await expectAllThere(acknowledged)
  })

  it.skipIf(!mayMount())('refuses to start on a disk that is read-only, with a sentence that says so (E12)', async () => {
    store = startOn('mount -t tmpfs -o size=8m,mode=700 tmpfs "$0"; exec "$@"', 'unshare', '-rm')
    await store.ask('open')
    await store.ask('create', 'a', VALUE, meta())
    await store.ask('dispose')
    await store.ask('mount', 'remount,ro')
    expect(await store.ask('open')).toEqual({ error: `StoreError: [session] [store:sqlite] ${path()} cannot be opened. Check that its folder exists and may be written` })
    await store.ask('mount', 'remount,rw')
    await store.ask('open')
    expect(await store.ask('read', 'a')).toMatchObject({ answer: { value: VALUE } })
  })
})

/** Creates sessions until that is refused, with this error and no other. Answers those that were acknowledged. */
async function fillUntil(problem: string): Promise<string[]> {
  const acknowledged: string[] = []
  for (;;) {
    const key = `key${acknowledged.length}`
    const { answer, error } = await store.ask('create', key, VALUE, meta())
    if (error) {
      expect(error).toBe(problem)
      expect(acknowledged.length).toBeGreaterThan(5)
      return acknowledged
    }
    expect(answer).toBe(true)
    acknowledged.push(key)
  }
}

async function expectAllThere(keys: readonly string[]) {
  for (const key of keys) expect(await store.ask('read', key), key).toMatchObject({ answer: { value: VALUE } })
}

/** On the same connection, and after it is opened anew. */
async function expectToGoOn(acknowledged: readonly string[]) {
  expect(await store.ask('create', 'afterwards', VALUE, meta())).toEqual({ answer: true })
  await store.ask('dispose')
  expect(await store.ask('integrity')).toEqual({ answer: [{ integrity_check: 'ok' }] })
  await store.ask('open')
  await expectAllThere([...acknowledged, 'afterwards'])
}

/** Starts the store from a shell script that prepares the folder `$0` for it, perhaps by way of another program. */
function startOn(script: string, ...by: string[]) {
  mkdirSync(directory.path('disk'))
  const [program, ...args] = [...by, 'sh', '-ec', script, directory.path('disk'), ...typeScriptProgram(PROGRAM, path())]
  const { pid, ask, end } = lineProcess(spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
  return { pid, end, ask: (...task: unknown[]) => ask(JSON.stringify(task)) as Promise<{ answer?: unknown, error?: string }> }
}

/** Whether this machine lets us mount a disk of our own, in a namespace that nobody else sees. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  }
  catch {
    return false
  }
}
