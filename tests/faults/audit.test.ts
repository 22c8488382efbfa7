import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUSTING } from '../support/account-visitor.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a passphrase of her own'

let server: BuiltServer

/** The lines of the trail, once the server has ended. */
async function trail(): Promise<Record<string, unknown>[]> {
  await server.stop()
  return server.logs.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Record<string, unknown>)
}

const countOf = (lines: Record<string, unknown>[], fields: object) =>
  lines.filter(line => Object.entries(fields).every(([name, value]) => line[name] === value)).reduce((sum, { count = 1 }) => sum + Number(count), 0)

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the audit trail of the built server', () => {
  beforeAll(() => ensureCertificate())
  afterEach(() => server?.dispose())

  it('tells who signed in and out, and what was refused, by handle and without a secret', async () => {
    server = await startBuiltServer(TRUSTING)
    const [ada, elsewhere] = [new AccountVisitor(server), new AccountVisitor(server)]
    await ada.register('ada', PASSWORD)
    const { session } = JSON.parse((await call(`${server.origin}/api/_session`, { cookie: ada.cookie })).body) as { session: { handle: string } }
    const cookies = [ada.cookie!]
    await elsewhere.signIn('ada', PASSWORD)
    cookies.push(elsewhere.cookie!)
    await new AccountVisitor(server).signIn('ada', 'her dog\n{"event":"signed_in"}')
    await ada.send('POST', '/sign-out-everywhere', undefined, { headers: { 'origin': 'https://evil.test', 'user-agent': 'x\\n{"event":"signed_in"}' } })
    await elsewhere.send('POST', '/sign-out-everywhere')
    await ada.signIn('ada', PASSWORD)
    await ada.send('POST', '/sign-out')
    const lines = await trail()

    for (const line of lines) expect(line).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), log: 'session' })
    expect(lines.map(({ event, reason }) => [event, reason].filter(Boolean).join(' '))).toEqual([
      'signed_in', 'signed_in', 'sign_in_failed', 'refused cross_origin', 'ended revoked', 'ended revoked', 'refused unknown', 'signed_in', 'ended signed_out',
    ])
    expect(lines[0]!.handle).toBe(session.handle)
    const said = server.logs.join('\n')
    for (const secret of [...cookies.map(cookie => cookie.split('=')[1]!), PASSWORD, 'her dog', 'ada']) expect(said).not.toContain(secret)
  })

  it('counts a flood of forged cookies and of foreign pages instead of writing a line for each', async () => {
    server = await startBuiltServer({ NUXT_SESSION_FORGED_COOKIE_LIMIT: '1000000' })
    await Promise.all(Array.from({ length: 100 }, () => call(`${server.origin}/api/_session`, { cookie: `__Host-session=${'A'.repeat(108)}` })))
    await Promise.all(Array.from({ length: 100 }, () => call(`${server.origin}/api/session`, { method: 'PUT', headers: { origin: 'https://evil.test' } })))
    const lines = await trail()

    expect(countOf(lines, { event: 'refused', reason: 'forged' })).toBe(100)
    expect(countOf(lines, { event: 'refused', reason: 'cross_origin' })).toBe(100)
    // How many lines depends on how long the flood took; that it is one a second, the unit tests of the audit trail say.
    expect(lines.length).toBeLessThan(200)
  })

  it('tells that the store failed, and at what', async () => {
    server = await startBuiltServer()
    const unlock = lockStore(server.storeFile)
    expect((await call(`${server.origin}/api/session`)).status).toBe(503)
    unlock()

    expect(countOf(await trail(), { event: 'store_failure', operation: 'create' })).toBe(1)
  })

  it('is silent when it is off', async () => {
    server = await startBuiltServer({ NUXT_SESSION_AUDIT: 'off' })
    await call(`${server.origin}/api/_session`, { cookie: '__Host-session=x' })
    expect(await trail()).toEqual([])
  })
})
