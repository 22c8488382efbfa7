import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { typeScriptProgram } from '../support/child'
import { lineProcess } from '../support/child-process-lines'
import { makeDirectory } from '../support/directory'
import { canMount } from '../support/mount'

const PROGRAM = join(import.meta.dirname, 'accounts-process.ts')
const PROCESSES = 4
const NAMES = 25
const LONG_HASH = 'x'.repeat(2000)
/** Shell commands that mount a disk of this size on the folder `$0`, then run the program. */
const onDiskOf = (size: string) => `mount -t tmpfs -o size=${size},mode=700 tmpfs "$0"; exec "$@"`
const directory = makeDirectory()
const path = () => directory.path('disk', 'accounts.db')
const failure = (problem: string) => ({
  error: `AccountsUnavailableError: [accounts] ${path()} (NUXT_ACCOUNTS_FILE) ${problem}`,
})
let ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends) await end()
  ends = []
  directory.remove()
})

describe('an accounts file of several processes', () => {
  it('is opened by all at the same time, and gives each name once', async () => {
    mkdirSync(directory.path('disk'))
    const all = Array.from({ length: PROCESSES }, () => start(...typeScriptProgram(PROGRAM, path())))
    await Promise.all(all.map(({ request }) => request('ready')))
    const at = Date.now() + 50
    const opened = await Promise.all(all.map(({ request }) => request('open', at)))
    expect(opened).toEqual(all.map(() => ({ result: null })))
    const added = await Promise.all(all.map(({ request }) => request('addMany', NAMES)))
    const names = added.flatMap(({ result }) => result as string[])
    expect(names.sort()).toEqual(Array.from({ length: NAMES }, (_, index) => `visitor-${index}`).sort())
    for (const name of names) expect((await all[0]!.request('byName', name)).result).toMatchObject({ name })
  })
})

describe.skipIf(!canMount())('an accounts file on a full disk', () => {
  it('refuses registrations, still finds all accounts, and continues when there is space again', async () => {
    const accounts = startOnDisk('1m')
    await accounts.request('open')
    let count = 0
    let response = await accounts.request('add', `visitor-${count}`, LONG_HASH)
    while (!response.error) response = await accounts.request('add', `visitor-${++count}`, LONG_HASH)
    expect(response).toEqual(failure('cannot grow, because the disk is full. Free some space.'))
    expect(count).toBeGreaterThan(5)
    for (let number = 0; number < count; number++) {
      expect((await accounts.request('byName', `visitor-${number}`)).result).toMatchObject({ password: LONG_HASH })
    }
    expect(await accounts.request('open')).toEqual({ result: null })
    expect((await accounts.request('byName', 'visitor-0')).result).toMatchObject({ password: LONG_HASH })
    await accounts.request('mount', 'remount,size=8m')
    expect((await accounts.request('add', 'afterwards', LONG_HASH)).result).toMatchObject({ name: 'afterwards' })
  })
})

describe.skipIf(!canMount())('an accounts file on a read-only disk', () => {
  it('is not opened, and the error says what to check', async () => {
    const accounts = startOnDisk('8m')
    await accounts.request('open')
    await accounts.request('add', 'ada', 'hash')
    await accounts.request('close')
    await accounts.request('mount', 'remount,ro')
    const problem = 'cannot be opened. Check that its folder exists and is writable.'
    expect(await accounts.request('open')).toEqual(failure(problem))
    await accounts.request('mount', 'remount,rw')
    expect(await accounts.request('open')).toEqual({ result: null })
    expect((await accounts.request('byName', 'ada')).result).toMatchObject({ name: 'ada' })
  })
})

function startOnDisk(size: string) {
  mkdirSync(directory.path('disk'))
  const shell = ['sh', '-ec', onDiskOf(size), directory.path('disk')]
  return start('unshare', '-rm', ...shell, ...typeScriptProgram(PROGRAM, path()))
}

function start(program: string, ...args: string[]) {
  const { request, end } = lineProcess(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
  ends.push(end)
  return {
    request: (...task: unknown[]) => request(JSON.stringify(task)) as Promise<{ result?: unknown, error?: string }>,
  }
}
