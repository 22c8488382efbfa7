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
  server = await startFixture(app, { NUXT_CLOAKROOM_DIAGNOSE: '1' })
})

afterEach(async () => {
  for (const other of others.splice(0)) await other.dispose()
})

afterAll(() => server?.dispose())

describe('GET /api/_session/diagnose', () => {
  it('does not exist unless it is switched on: it responds like any unknown path', async () => {
    for (const value of ['', '0', 'false']) {
      const off = await start({ NUXT_CLOAKROOM_DIAGNOSE: value })
      const get = (path: string) => new FixtureVisitor(off).get(path, { accept: 'application/json' })
      const [response, unknown] = await Promise.all([get(DIAGNOSE), get('/api/_session/nonsense')])
      expect(response.status).toBe(404)
      expect(response.text.replaceAll('diagnose', 'nonsense')).toBe(unknown.text)
      expect(headerNames(response.headers)).toEqual(headerNames(unknown.headers))
      expect(off.logs.join('\n')).not.toMatch(/diagnos/i)
    }
  })

  it('logs a warning at start if it is on in production', async () => {
    expect(await server.linesWith('/api/_session/diagnose is on')).toHaveLength(1)
  })

  it('sets no cookie, may not be cached, and returns nothing that opens a session', async () => {
    const visitor = await signedInVisitor(server, 'a confidential user id')
    const { setCookie, headers, text } = await visitor.get(DIAGNOSE, BY_HTTPS)
    expect(setCookie).toEqual([])
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('vary')).toBe('Cookie')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(text).not.toContain(visitor.cookie.slice(NAME.length + 1))
    expect(text).not.toContain('a confidential')
    expect(text).not.toMatch(/[\w-]{40,}/)
  })

  it('allows GET only', async () => {
    expect((await new FixtureVisitor(server).post(DIAGNOSE)).status).toBe(405)
  })
})

async function start(env: Record<string, string>): Promise<FixtureServer> {
  const other = await startFixture(app, { NUXT_CLOAKROOM_DIAGNOSE: '1', ...env })
  others.push(other)
  return other
}
