import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair, keepAlive } from '../support/https.ts'
import type { CallOptions } from '../support/https.ts'
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
    server = await startBuiltServer({ NUXT_SESSION_FORGED_COOKIE_LIMIT: '1000000' })
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    value = cookie.slice(NAME.length + 1)
  })

  afterAll(() => server?.dispose())

  /** What a stranger is answered. */
  async function expectStranger(answer: Awaited<ReturnType<typeof call>>) {
    expect(answer.status).toBe(200)
    expect(answer.setCookie).toEqual([])
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'anonymous', session: null })
  }

  const ask = (header: string) => call(`${server.origin}/api/_session`, { cookie: header })

  it.each<[string, (good: string) => string]>([
    ['a flipped bit (A1)', good => good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A')],
    ['a truncated one (A2)', good => good.slice(0, 60)],
    ['an empty one (A2)', () => ''],
    ['a longer one (A3)', good => `${good}AAAA`],
    ['4 KiB (A14)', () => 'A'.repeat(4096)],
    ['15 KiB (A14)', () => 'A'.repeat(15 * 1024)],
    ['percent-encoding (A25)', good => good.replace('-', '%2D').replace(/^./, letter => `%${letter.charCodeAt(0).toString(16)}`)],
    ['an encoded line break (A25)', good => `${good}%0d%0aSet-Cookie:%20x=1`],
  ])('is a stranger\'s, changes nothing and is not answered by any Set-Cookie: %s', async (_name, mangle) => {
    const before = dumpStore(server.storeFile)
    await expectStranger(await ask(`${NAME}=${mangle(value)}`))
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('is answered alike whichever of its bits is flipped, to the byte (A1)', async () => {
    const before = dumpStore(server.storeFile)
    const agent = keepAlive()
    const bytes = Buffer.from(value, 'base64url')
    const forgeries = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      return `${NAME}=${flipped.toString('base64url')}`
    })
    const answers = async (path: string, options: CallOptions) => new Set(await Promise.all(forgeries.map(async (forgery) => {
      const { status, headers: { date: _, ...headers }, body } = await call(server.origin + path, { ...options, cookie: forgery, agent })
      return JSON.stringify([status, headers, body.replace(/"now":\d+/, '')])
    })))
    expect([...await answers('/api/session', { method: 'POST', json: { session: 'x' } })]).toEqual([expect.stringContaining('no_session')])
    expect([...await answers('/api/_session', {})]).toEqual([expect.stringContaining('anonymous')])
    expect(dumpStore(server.storeFile)).toEqual(before)
    agent.destroy()
  })

  it('is answered 401 where a session is needed, without a challenge and with nothing to store (A1)', async () => {
    const answer = await call(`${server.origin}/api/session`, { method: 'POST', cookie: `${NAME}=${'A'.repeat(108)}`, json: { session: 'x' } })
    expect(answer).toMatchObject({ status: 401, setCookie: [] })
    expect(JSON.parse(answer.body).data).toEqual({ code: 'no_session' })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    expect(answer.headers['cache-control']).toContain('no-store')
  })

  it('with a second of another value is refused in either order, in one header or two (A18)', async () => {
    await expectStranger(await ask(`${NAME}=evil; ${cookie}`))
    await expectStranger(await ask(`${cookie}; ${NAME}=evil`))
    const { text } = await sendRaw(server, rawHead(server, 'GET', '/api/_session', [`Cookie: ${cookie}`, `Cookie: ${NAME}=evil`]))
    expect(text).toContain('"session":null')
    expect(text.toLowerCase()).not.toContain('set-cookie')
  })

  it('of the same value twice is taken (A17)', async () => {
    expect(JSON.parse((await ask(`${cookie}; ${cookie}`)).body).session).not.toBeNull()
  })

  it.each([
    ['another spelling of the name (A20)', () => `__host-session=${value}; __HOST-SESSION=${value}`],
    ['no name (A23)', () => `=${NAME}=${value}`],
    ['a name and no value (A23)', () => NAME],
  ])('is ignored: %s', async (_name, header) => expectStranger(await ask(header())))

  it.each([['vertical tab', 0x0B], ['form feed', 0x0C], ['no-break space', 0xA0]])('is ignored with a %s before its name (A21)', async (_name, byte) => {
    const head = rawHead(server, 'GET', '/api/_session', ['Cookie: @'])
    const [before, after] = head.split('@') as [string, string]
    const { status, text } = await sendRaw(server, Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(cookie + after)]))
    if (status === 400) return // Node refuses some of them itself.
    expect(text).toContain('"session":null')
  })

  it.each([['NUL', 0x00], ['an escape', 0x1B], ['DEL', 0x7F]])('with %s in it is 400 (A26)', async (_name, byte) => {
    const [before, after] = rawHead(server, 'GET', '/api/_session', [`Cookie: ${cookie}@`]).split('@') as [string, string]
    expect((await sendRaw(server, Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(after)]))).status).toBe(400)
  })

  it('of 17 KiB is 431, and the server goes on (A15)', async () => {
    expect((await sendRaw(server, rawHead(server, 'GET', '/api/_session', [`Cookie: ${'a=b; '.repeat(3500)}`]))).status).toBe(431)
    expect(JSON.parse((await ask(cookie)).body).session).not.toBeNull()
  })

  it('is looked for nowhere else: not in the query, a header or the body (A27)', async () => {
    const headers = { 'authorization': `Bearer ${value}`, 'x-session': value, 'x-cloakroom-session': value, 'x-h3-session': value, 'x-nuxt-session-session': value }
    await expectStranger(await call(`${server.origin}/api/_session?${NAME}=${value}&sid=${value}&session=${value}`, { headers }))
    const body = await call(`${server.origin}/api/session`, { method: 'POST', headers, json: { session: value, [NAME]: value } })
    expect(body.status).toBe(401)
  })

  it('of a session that was signed out is a stranger\'s for good, after a restart too (A10)', async () => {
    const other = cookiePair((await call(`${server.origin}/api/session`)).setCookie[0]!)
    expect((await call(`${server.origin}/api/session`, { method: 'DELETE', cookie: other })).status).toBe(204)
    await expectStranger(await ask(other))
    await server.stop()
    await server.start()
    await expectStranger(await ask(other))
    expect(JSON.parse((await ask(cookie)).body).session).not.toBeNull()
  })
})
