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
import { rounds, SOAK } from '../support/soak.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const AT_ONCE = 16

let server: BuiltServer
let agent: Agent

/** Runs `count` calls, some at a time. */
async function inTurns(count: number, run: (turn: number) => Promise<void>): Promise<void> {
  let turn = 0
  const worker = async () => {
    while (turn < count) await run(turn++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

async function newVisitor() {
  const { setCookie, body } = await call(`${server.origin}/api/session`)
  const cookie = cookiePair(setCookie[0]!)
  const { session } = JSON.parse((await call(`${server.origin}/api/_session`, { cookie })).body) as { session: { handle: string } }
  return { cookie, id: (JSON.parse(body) as { id: string }).id, handle: session.handle }
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

  it.each(['//evil.test', '//evil.test/', '//evil.test/..', '/\\evil.test', '/\\/evil.test', '/..//evil.test', '/.//evil.test/', '/%09/evil.test', '/%2f/evil.test', '/%5cevil.test/', '/%0d%0aLocation:%20https://evil.test', '/?returnTo=https://evil.test', '/sign-in?returnTo=//evil.test', '/sign-in?returnTo=/\\evil.test', '/?redirect=javascript:alert(1)'])('send nobody to another site: %s (X2)', async (path) => {
    const { status, text } = await sendRaw(server, rawHead(server, 'GET', path, ['Accept: text/html']))
    expect(status).toBeLessThan(500)
    const [head] = text.split('\r\n\r\n', 1)
    const target = /^location: (.*)$/im.exec(head!)?.[1]
    expect(new URL(target ?? '/', server.origin).origin).toBe(server.origin)
    expect(text).not.toMatch(/http-equiv="refresh"/i)
  })

  it('come with their icons: there is no route for more, whose answers the server would keep for whoever asks', async () => {
    const answer = await call(`${server.origin}/api/_nuxt_icon/lucide.json?icons=check`)
    expect(answer.status).toBe(404)
    expect((await call(server.origin)).body.match(/<svg/g)!.length).toBeGreaterThan(5)
  })

  it.each(['/api/session/foo.css', '/api/_session/foo.css', '/api/_session/devices/foo.js', '/api/account/foo.png', '/foo.css', '/index.css', '/_nuxt/foo.css', '/api/session;foo.css', '/api/session%2ffoo.css', '/%2f..%2fapi/session.css'])('are no file that a cache would keep: %s (X3)', async (path) => {
    const { cookie, id, handle } = await newVisitor()
    const answer = await call(server.origin + path, { cookie, headers: { accept: 'text/html' } })
    expect([400, 404, 405]).toContain(answer.status)
    for (const secret of [id, handle]) expect(answer.body).not.toContain(secret)
    expect(answer.headers['cache-control'] ?? 'no-store').not.toMatch(/public|max-age=[1-9]/)
  })

  it('never show one visitor what is another\'s, however many are rendered at once (X4)', async () => {
    const visitors = await Promise.all(Array.from({ length: 8 }, newVisitor))
    await inTurns(rounds(80, 10_000), async (turn) => {
      const own = visitors[turn % visitors.length]!
      const { body } = await call(`${server.origin}/`, { cookie: own.cookie, agent, headers: { accept: 'text/html' } })
      const shown = visitors.filter(({ id, handle }) => body.includes(id) || body.includes(handle))
      expect(shown).toEqual([own])
    })
  })

  it('leave nothing behind for readers without a cookie: no record, no cookie, and in a long run no memory (K9)', async () => {
    const read = async () => {
      const answer = await call(`${server.origin}/api/_session`, { agent })
      expect([answer.status, answer.setCookie]).toEqual([200, []])
    }
    await inTurns(rounds(500, 20_000), read) // So that what is compiled and buffered once is there.
    const before = { store: dumpStore(server.storeFile), memory: memoryMiB() }
    await inTurns(rounds(2000, 100_000), read)
    expect(dumpStore(server.storeFile)).toEqual(before.store)
    if (SOAK) expect(memoryMiB() - before.memory).toBeLessThan(64)
  })

  /** The memory that the operating system counts as the server's. */
  function memoryMiB(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) / 1024
  }
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the built server', () => {
  it.each(['change-me', 'c2hvcnQ', '0'.repeat(64), 'please change me before you go live'])('does not start with the key %s (K5)', async (key) => {
    await expect(startBuiltServer({ NUXT_SESSION_KEYS: key })).rejects.toThrow(/The server ended with 1:\n\[session\] NUXT_SESSION_KEYS .*Make one with: /)
  })
})
