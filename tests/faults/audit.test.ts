import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a passphrase of her own'
const FOREIGN = { origin: 'https://evil.test' }

type Line = Record<string, unknown>

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the audit trail of the built server', () => {
  beforeAll(() => ensureCertificate())
  afterEach(() => server?.dispose())

  it('records sign-ins, sign-outs and refusals with the public session id and without a secret', async () => {
    server = await startBuiltServer(TRUST_PROXY)
    const [ada, elsewhere] = [new AccountVisitor(server), new AccountVisitor(server)]
    await ada.register('ada', PASSWORD)
    const view = await call(`${server.origin}/api/_session`, { cookie: ada.cookie })
    const { session } = JSON.parse(view.body) as { session: { id: string } }
    const cookies = [ada.cookie!]
    await elsewhere.signIn('ada', PASSWORD)
    cookies.push(elsewhere.cookie!)
    await new AccountVisitor(server).signIn('ada', 'her dog\n{"event":"signed_in"}')
    const headers = { ...FOREIGN, 'user-agent': 'x\\n{"event":"signed_in"}' }
    await ada.send('POST', '/sign-out-everywhere', undefined, { headers })
    await elsewhere.send('POST', '/sign-out-everywhere')
    await ada.signIn('ada', PASSWORD)
    await ada.send('POST', '/sign-out')
    const lines = await trail()

    for (const line of lines) {
      expect(line).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), log: 'session' })
    }
    expect(lines.map(({ event, reason }) => [event, reason].filter(Boolean).join(' '))).toEqual([
      'signed_in',
      'signed_in',
      'sign_in_failed',
      'refused cross_origin',
      'ended revoked',
      'ended revoked',
      'refused unknown',
      'signed_in',
      'ended signed_out',
    ])
    expect(lines[0]!.id).toBe(session.id)
    const printed = server.logs.join('\n')
    const secrets = [...cookies.map(cookie => cookie.split('=')[1]!), PASSWORD, 'her dog', 'ada']
    for (const secret of secrets) expect(printed).not.toContain(secret)
  })

  it('counts a flood of forged cookies and of foreign requests instead of writing a line for each', async () => {
    server = await startBuiltServer({ NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000' })
    const cookie = `__Host-session=${'A'.repeat(108)}`
    await Promise.all(Array.from({ length: 100 }, () => call(`${server.origin}/api/_session`, { cookie })))
    const write = () => call(`${server.origin}/api/session`, { method: 'PUT', headers: FOREIGN })
    await Promise.all(Array.from({ length: 100 }, write))
    const lines = await trail()

    expect(countOf(lines, { event: 'refused', reason: 'forged' })).toBe(100)
    expect(countOf(lines, { event: 'refused', reason: 'cross_origin' })).toBe(100)
    // The number of lines depends on how long the flood took. The unit tests check that it is one per second.
    expect(lines.length).toBeLessThan(200)
  })

  it('records that the store failed, with the operation', async () => {
    server = await startBuiltServer()
    const unlock = lockStore(server.storeFile)
    expect((await call(`${server.origin}/api/session`)).status).toBe(503)
    unlock()

    expect(countOf(await trail(), { event: 'store_failure', operation: 'create' })).toBe(1)
  })

  it('is empty if it is switched off', async () => {
    server = await startBuiltServer({ NUXT_CLOAKROOM_AUDIT: 'off' })
    await call(`${server.origin}/api/_session`, { cookie: '__Host-session=x' })
    expect(await trail()).toEqual([])
  })
})

/** Stops the server, and returns the lines of its audit trail. */
async function trail(): Promise<Line[]> {
  await server.stop()
  return server.logs.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Line)
}

function countOf(lines: Line[], fields: object): number {
  const matching = lines.filter(line => Object.entries(fields).every(([name, value]) => line[name] === value))
  return matching.reduce((sum, { count = 1 }) => sum + Number(count), 0)
}
