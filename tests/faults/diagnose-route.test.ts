import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BY_HTTPS, DIAGNOSE, headerNames, signedInVisitor } from '../support/diagnosis.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'

const NAME = '__Host-session'

let app: string
let server: FixtureServer
const others: FixtureServer[] = []

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app, { NUXT_SESSION_DIAGNOSE: '1' })
})

afterEach(async () => {
  for (const other of others.splice(0)) await other.dispose()
})

afterAll(() => server?.dispose())

describe('the route', () => {
  it('is not there unless it is switched on: its answer is that of any path that is not there', async () => {
    for (const value of ['', '0', 'false']) {
      const off = await start({ NUXT_SESSION_DIAGNOSE: value })
      const [asked, nothing] = await Promise.all([DIAGNOSE, '/api/_session/nonsense'].map(path => new FixtureVisitor(off).get(path, { accept: 'application/json' })))
      expect([asked!.status, asked!.text.replaceAll('diagnose', 'nonsense'), headerNames(asked!.headers)]).toEqual([404, nothing!.text, headerNames(nothing!.headers)])
      expect(off.logs.join('\n')).not.toMatch(/diagnos/i)
    }
  })

  it('warns at the start where it is on in production', () => {
    expect(server.logs.filter(line => line.includes('/api/_session/diagnose is on'))).toHaveLength(1)
  })

  it('sets no cookie, is kept by no cache, and has nothing in it that opens a session', async () => {
    const visitor = await signedInVisitor(server, 'a name that nobody else is told')
    const answer = await visitor.get(DIAGNOSE, BY_HTTPS)
    expect([answer.setCookie, answer.headers.get('cache-control'), answer.headers.get('vary'), answer.headers.get('x-content-type-options')]).toEqual([[], 'private, no-store', 'Cookie', 'nosniff'])
    expect(answer.text).not.toContain(visitor.cookie.slice(NAME.length + 1))
    expect(answer.text).not.toContain('a name that')
    expect(answer.text).not.toMatch(/[\w-]{40,}/)
  })

  it('takes GET alone, and is no way around the limit of forged cookies (A30)', async () => {
    const other = await start({ NUXT_SESSION_FORGED_COOKIE_LIMIT: '3' })
    const visitor = new FixtureVisitor(other)
    expect((await visitor.post(DIAGNOSE)).status).toBe(405)
    const statuses = []
    for (let i = 0; i < 5; i++) statuses.push((await visitor.get(DIAGNOSE, { ...BY_HTTPS, cookie: `${NAME}=${'A'.repeat(108)}` })).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
  })
})

async function start(env: Record<string, string>): Promise<FixtureServer> {
  const other = await startFixture(app, { NUXT_SESSION_DIAGNOSE: '1', ...env })
  others.push(other)
  return other
}
