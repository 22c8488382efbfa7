import { existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { makeDirectory } from '../support/directory.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const BUSY = [503, 'busy', '2']
const directory = makeDirectory()

let server: BuiltServer | undefined

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the accounts file of the built server', () => {
  beforeAll(() => ensureCertificate())

  afterEach(async () => {
    await server?.dispose()
    server = undefined
    directory.remove()
  })

  const outcome = ({ status, headers, json }: Awaited<ReturnType<AccountVisitor['send']>>) =>
    [status, json().data.code, headers['retry-after']]
  const linesAbout = (problem: string) => server!.logs.filter(line => line.includes(`(NUXT_ACCOUNTS_FILE) ${problem}`))

  it('gives 503 with Retry-After while another process has locked it, and users stay signed in', async () => {
    server = await startBuiltServer(TRUST_PROXY)
    const ada = new AccountVisitor(server)
    await ada.register('ada', PASSWORD)
    const unlock = lockStore(server.accountsFile)
    const bob = new AccountVisitor(server)
    expect(outcome(await bob.register('bob', PASSWORD))).toEqual(BUSY)
    expect(outcome(await ada.send('DELETE', ''))).toEqual(BUSY)
    expect((await ada.send('GET', '')).status).toBe(200)
    unlock()
    expect((await bob.register('bob', PASSWORD)).status).toBe(201)
    expect(linesAbout('is locked by another process')).toHaveLength(1)
  })

  it('gives 503 and acknowledges nothing after it was deleted', async () => {
    server = await startBuiltServer(TRUST_PROXY)
    const ada = new AccountVisitor(server)
    await ada.register('ada', PASSWORD)
    rmSync(server.accountsFile)
    expect(outcome(await new AccountVisitor(server).register('bob', PASSWORD))).toEqual(BUSY)
    expect(outcome(await new AccountVisitor(server).signIn('ada', PASSWORD))).toEqual(BUSY)
    expect(outcome(await ada.send('GET', ''))).toEqual(BUSY)
    expect(linesAbout('was deleted, replaced or moved')).toHaveLength(1)
  })

  it('stops the start with one line if it is a symbolic link, whose target keeps its mode', async () => {
    const [target, link] = [directory.path('target'), directory.path('accounts.db')]
    writeFileSync(target, '', { mode: 0o644 })
    symlinkSync(target, link)
    const line = `exited with 1:\n[accounts] ${link} (NUXT_ACCOUNTS_FILE) is a symbolic link. Set the variable to the `
      + 'file itself.'
    const lastLines = new RegExp(`${RegExp.escape(line)}$`)
    await expect(startBuiltServer({ NUXT_ACCOUNTS_FILE: link })).rejects.toThrow(lastLines)
    expect(lstatSync(target).mode & 0o777).toBe(0o644)
  })
})
