import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair, keepAlive } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds, SOAK } from '../support/limits.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const AT_ONCE = 16

const REDIRECT_ATTEMPTS = [
  '//evil.test', '//evil.test/', '//evil.test/..', '/\\evil.test', '/\\/evil.test', '/..//evil.test',
  '/.//evil.test/', '/%09/evil.test', '/%2f/evil.test', '/%5cevil.test/', '/%0d%0aLocation:%20https://evil.test',
  '/?returnTo=https://evil.test', '/sign-in?returnTo=//evil.test', '/sign-in?returnTo=/\\evil.test',
  '/?redirect=javascript:alert(1)',
]
const FILE_LIKE_PATHS = [
  '/api/session/foo.css', '/api/_session/foo.css', '/api/_session/devices/foo.js', '/api/account/foo.png', '/foo.css',
  '/index.css', '/_nuxt/foo.css', '/api/session;foo.css', '/api/session%2ffoo.css', '/%2f..%2fapi/session.css',
]
const INVALID_KEYS = ['change-me', 'c2hvcnQ', '0'.repeat(64), 'please change me before you go live']

let server: BuiltServer
let agent: Agent

/** Makes `count` calls, some of them at the same time. */
async function repeat(count: number, run: (round: number) => Promise<void>): Promise<void> {
  let round = 0
  const worker = async () => {
    while (round < count) await run(round++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** A visitor with the value in its session and the session's public id. */
async function newVisitor() {
  const { setCookie, body } = await call(`${server.origin}/api/session`)
  const { id: value } = JSON.parse(body) as { id: string }
  const cookie = cookiePair(setCookie[0]!)
  const view = await call(`${server.origin}/api/_session`, { cookie })
  const { session } = JSON.parse(view.body) as { session: { id: string } }
  return { cookie, value, id: session.id }
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the pages', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer()
    agent = keepAlive(AT_ONCE)
  })

  afterAll(async () => {
    agent?.destroy()
    await server?.dispose()
  })

  it.each(REDIRECT_ATTEMPTS)('never redirect to another site: %s', async (path) => {
    const { status, text } = await sendRaw(server, rawHead(server, 'GET', path, ['Accept: text/html']))
    expect(status).toBeLessThan(500)
    const [head] = text.split('\r\n\r\n', 1)
    const target = /^location: (.*)$/im.exec(head!)?.[1]
    expect(new URL(target ?? '/', server.origin).origin).toBe(server.origin)
    expect(text).not.toMatch(/http-equiv="refresh"/i)
  })

  it('contain their icons: there is no route for others, whose responses the server would keep in memory', async () => {
    const response = await call(`${server.origin}/api/_nuxt_icon/lucide.json?icons=check`)
    expect(response.status).toBe(404)
    expect((await call(server.origin)).body.match(/<svg/g)!.length).toBeGreaterThan(5)
  })

  it.each(FILE_LIKE_PATHS)('and routes do not respond to %s with data that a cache takes for a file', async (path) => {
    const { cookie, value, id } = await newVisitor()
    const response = await call(server.origin + path, { cookie, headers: { accept: 'text/html' } })
    expect([400, 404, 405]).toContain(response.status)
    for (const secret of [value, id]) expect(response.body).not.toContain(secret)
    expect(response.headers['cache-control'] ?? 'no-store').not.toMatch(/public|max-age=[1-9]/)
  })

  it('never show the data of another visitor, however many are rendered at the same time', async () => {
    const visitors = await Promise.all(Array.from({ length: 8 }, newVisitor))
    await repeat(rounds(80, 10_000), async (round) => {
      const own = visitors[round % visitors.length]!
      const headers = { accept: 'text/html' }
      const { body } = await call(`${server.origin}/`, { cookie: own.cookie, agent, headers })
      const shown = visitors.filter(({ value, id }) => body.includes(value) || body.includes(id))
      expect(shown).toEqual([own])
    })
  })

  it('cause no record and no cookie for readers without a cookie, and in a long run no memory growth', async () => {
    const read = async () => {
      const response = await call(`${server.origin}/api/_session`, { agent })
      expect([response.status, response.setCookie]).toEqual([200, []])
    }
    await repeat(rounds(500, 20_000), read) // Warm-up: compiled code and buffers take memory once.
    const before = { store: dumpStore(server.storeFile), memory: memoryMiB() }
    await repeat(rounds(2000, 100_000), read)
    expect(dumpStore(server.storeFile)).toEqual(before.store)
    if (SOAK) expect(memoryMiB() - before.memory).toBeLessThan(64)
  })

  /** The resident memory of the server. */
  function memoryMiB(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) / 1024
  }
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the built server', () => {
  it.each(INVALID_KEYS)('does not start with the key %s', async (key) => {
    const message = /The server exited with 1:\n\[cloakroom\] NUXT_CLOAKROOM_KEYS .*Create one with: /
    await expect(startBuiltServer({ NUXT_CLOAKROOM_KEYS: key })).rejects.toThrow(message)
  })
})
