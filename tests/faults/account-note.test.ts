import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { call } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the note of a signed-in user', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(TRUST_PROXY)
  })

  afterAll(() => server?.dispose())

  it('is stored in the session of one device, and survives a change of password', async () => {
    const browser = new AccountVisitor(server)
    await browser.register('ada', PASSWORD)
    const other = new AccountVisitor(server)
    await other.signIn('ada', PASSWORD)
    expect((await browser.send('PUT', '/note', { note: 'Dear Charles' })).json()).toEqual({ note: 'Dear Charles' })
    const next = 'another coat, another hat'
    await browser.send('PUT', '/password', { current: PASSWORD, password: next })
    expect(await noteOf(browser)).toBe('Dear Charles')
    await other.signIn('ada', next)
    expect(await noteOf(other)).toBeUndefined()
  })

  it('is deleted by an empty note, and refused if it is too long', async () => {
    const browser = new AccountVisitor(server)
    await browser.register('grace', PASSWORD)
    await browser.send('PUT', '/note', { note: 'x'.repeat(2000) })
    const response = await browser.send('PUT', '/note', { note: 'x'.repeat(2001) })
    expect([response.status, response.json().data.code]).toEqual([400, 'invalid_body'])
    expect(await noteOf(browser)).toHaveLength(2000)
    await browser.send('PUT', '/note', { note: '' })
    expect(await noteOf(browser)).toBeUndefined()
  })

  it('is refused from the page of another user, and accepted from the user’s own', async () => {
    const browser = new AccountVisitor(server)
    const { account } = (await browser.register('mary', PASSWORD)).json()
    const former = (await new AccountVisitor(server).register('charles', PASSWORD)).json().account
    const send = (pageUser: string) =>
      browser.send('PUT', '/note', { note: `of ${pageUser}` }, { headers: { 'x-page-user': pageUser } })
    for (const other of [former.id, '', account.id.toUpperCase()]) {
      const response = await send(other)
      expect([response.status, response.json().data.code]).toEqual([409, 'conflict'])
    }
    expect(await noteOf(browser)).toBeUndefined()
    expect((await send(account.id)).status).toBe(200)
    expect(await noteOf(browser)).toBe(`of ${account.id}`)
  })
})

async function noteOf({ cookie }: AccountVisitor): Promise<string | undefined> {
  return JSON.parse((await call(`${server.origin}/api/_session`, { cookie })).body).data.note
}
