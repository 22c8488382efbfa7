import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair, keepAlive } from '../support/https.ts'
import type { CallOptions, CallResponse } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const NAME = '__Host-session'

let server: BuiltServer
let cookie: string
let value: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a hostile cookie', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000' })
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    value = cookie.slice(NAME.length + 1)
  })

  afterAll(() => server?.dispose())

  function expectNoSession(response: CallResponse) {
    expect(response.status).toBe(200)
    expect(response.setCookie).toEqual([])
    expect(JSON.parse(response.body)).toMatchObject({ status: 'anonymous', session: null })
  }

  const ask = (header: string) => call(`${server.origin}/api/_session`, { cookie: header })
  const sessionOf = async (header: string) => JSON.parse((await ask(header)).body).session as unknown
  const encodeFirst = (text: string) => text.replace(/^./, letter => `%${letter.charCodeAt(0).toString(16)}`)

  it.each<[what: string, change: (valid: string) => string]>([
    ['with a flipped bit', valid => valid.slice(0, -1) + (valid.endsWith('A') ? 'B' : 'A')],
    ['that is truncated', valid => valid.slice(0, 60)],
    ['that is empty', () => ''],
    ['that is longer', valid => `${valid}AAAA`],
    ['of 4 KiB', () => 'A'.repeat(4096)],
    ['of 15 KiB', () => 'A'.repeat(15 * 1024)],
    ['with percent-encoding', valid => encodeFirst(valid.replace('-', '%2D'))],
    ['with an encoded line break', valid => `${valid}%0d%0aSet-Cookie:%20x=1`],
  ])('%s opens no session, changes nothing and causes no Set-Cookie', async (_what, change) => {
    const before = dumpStore(server.storeFile)
    expectNoSession(await ask(`${NAME}=${change(value)}`))
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('gets exactly the same response whichever of its bits is flipped', async () => {
    const before = dumpStore(server.storeFile)
    const agent = keepAlive()
    const bytes = Buffer.from(value, 'base64url')
    const forgeries = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      return `${NAME}=${flipped.toString('base64url')}`
    })
    const responseTo = async (forgery: string, path: string, options: CallOptions) => {
      const response = await call(server.origin + path, { ...options, cookie: forgery, agent })
      const { status, headers: { date: _, ...headers }, body } = response
      return JSON.stringify([status, headers, body.replace(/"now":\d+/, '')])
    }
    const responses = async (path: string, options: CallOptions) =>
      [...new Set(await Promise.all(forgeries.map(forgery => responseTo(forgery, path, options))))]
    const write = { method: 'POST', json: { session: 'x' } }
    expect(await responses('/api/session', write)).toEqual([expect.stringContaining('no_session')])
    expect(await responses('/api/_session', {})).toEqual([expect.stringContaining('anonymous')])
    expect(dumpStore(server.storeFile)).toEqual(before)
    agent.destroy()
  })

  it('is refused with 401 if a session is required, without a challenge and without permission to cache', async () => {
    const response = await call(`${server.origin}/api/session`, {
      method: 'POST',
      cookie: `${NAME}=${'A'.repeat(108)}`,
      json: { session: 'x' },
    })
    expect(response).toMatchObject({ status: 401, setCookie: [] })
    expect(JSON.parse(response.body).data).toEqual({ code: 'no_session' })
    expect(response.headers).not.toHaveProperty('www-authenticate')
    expect(response.headers['cache-control']).toContain('no-store')
  })

  it('next to another one of a different value is refused in either order, in one header or two', async () => {
    expectNoSession(await ask(`${NAME}=evil; ${cookie}`))
    expectNoSession(await ask(`${cookie}; ${NAME}=evil`))
    const head = rawHead(server, 'GET', '/api/_session', [`Cookie: ${cookie}`, `Cookie: ${NAME}=evil`])
    const { text } = await sendRaw(server, head)
    expect(text).toContain('"session":null')
    expect(text.toLowerCase()).not.toContain('set-cookie')
  })

  it('that only repeats the valid one is accepted', async () => {
    expect(await sessionOf(`${cookie}; ${cookie}`)).not.toBeNull()
  })

  it.each([
    ['with another spelling of the name', () => `__host-session=${value}; __HOST-SESSION=${value}`],
    ['without a name', () => `=${NAME}=${value}`],
    ['without a value', () => NAME],
  ])('%s is ignored', async (_what, header) => expectNoSession(await ask(header())))

  it.each([
    ['vertical tab', 0x0B],
    ['form feed', 0x0C],
    ['no-break space', 0xA0],
  ])('with a %s before its name is ignored', async (_character, byte) => {
    const [before, after] = rawHead(server, 'GET', '/api/_session', ['Cookie: @']).split('@') as [string, string]
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(cookie + after)])
    const { status, text } = await sendRaw(server, bytes)
    if (status === 400) return // Node itself refuses some of them.
    expect(text).toContain('"session":null')
  })

  it.each([
    ['NUL', 0x00],
    ['ESC', 0x1B],
    ['DEL', 0x7F],
  ])('with a %s character is refused with 400', async (_character, byte) => {
    const head = rawHead(server, 'GET', '/api/_session', [`Cookie: ${cookie}@`])
    const [before, after] = head.split('@') as [string, string]
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(after)])
    expect((await sendRaw(server, bytes)).status).toBe(400)
  })

  it('of 17 KiB is refused with 431, and the server continues to run', async () => {
    const head = rawHead(server, 'GET', '/api/_session', [`Cookie: ${'a=b; '.repeat(3500)}`])
    expect((await sendRaw(server, head)).status).toBe(431)
    expect(await sessionOf(cookie)).not.toBeNull()
  })

  it('is ignored in the query, in another header and in the body', async () => {
    const headers = {
      'authorization': `Bearer ${value}`,
      'x-session': value,
      'x-cloakroom-session': value,
      'x-h3-session': value,
      'x-nuxt-session-session': value,
    }
    const query = `${NAME}=${value}&sid=${value}&session=${value}`
    expectNoSession(await call(`${server.origin}/api/_session?${query}`, { headers }))
    const json = { session: value, [NAME]: value }
    const response = await call(`${server.origin}/api/session`, { method: 'POST', headers, json })
    expect(response.status).toBe(401)
  })

  it('of a session that was signed out opens none, also after a restart', async () => {
    const other = cookiePair((await call(`${server.origin}/api/session`)).setCookie[0]!)
    const signOut = await call(`${server.origin}/api/session`, { method: 'DELETE', cookie: other })
    expect(signOut.status).toBe(204)
    expectNoSession(await ask(other))
    await server.stop()
    await server.start()
    expectNoSession(await ask(other))
    expect(await sessionOf(cookie)).not.toBeNull()
  })
})
