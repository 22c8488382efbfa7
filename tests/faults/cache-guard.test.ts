import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'
import { DIAGNOSE } from '../support/diagnosis.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture, startFixtureInDevelopment } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import type { FixtureResponse } from '../support/fixture-visitor.ts'
import { dumpStore } from '../support/store.ts'

const ROUNDS = 50

/** The routes of the fixture app that are cached and use a session, with the beginning of the error for each. */
const ROUTES = [
  ['defineCachedEventHandler', '/api/cached/handler', '/api/cached/handler is cached'],
  ['a swr rule', '/api/cached/swr', '/api/cached/swr is cached'],
  ['an isr rule', '/api/cached/isr', '/api/cached/isr is cached'],
  ['defineCachedEventHandler, in a route that it calls', '/api/cached/nested', '/api/cached/nested is cached'],
  ['defineCachedEventHandler, in a middleware before it', '/api/cached/after', '/api/cached/after is cached'],
] as const
const PAGES = [
  ['a swr page, in a route that it calls', '/cached', '/cached is cached'],
  [
    'a cached handler that a page calls, in a route that the handler calls',
    '/nested',
    '/api/visitor is called from a cached handler',
  ],
] as const
const REFUSED = '<p>anonymous, error 500</p>'
const NAMES = /alice|bob/g
/** The page itself is not cached, so it has the visitor's own session in its payload. */
const UNCACHED_PAGE = '/nested'

describe('in production, the module', () => {
  let server: FixtureServer
  let visitors: FixtureVisitor[]

  beforeAll(async () => {
    server = await startFixture(await buildFixture())
    visitors = [await signedIn(server, 'alice'), await signedIn(server, 'bob'), new FixtureVisitor(server)]
  })

  afterAll(() => server?.dispose())

  /** Three visitors request the path at the same time, fifty times. No response may contain anything of a session. */
  async function visits(path: string): Promise<FixtureResponse[]> {
    const responses: FixtureResponse[] = []
    for (let round = 0; round < ROUNDS; round++) {
      responses.push(...await Promise.all(visitors.map(visitor => visitor.get(path))))
    }
    const own = path === UNCACHED_PAGE ? ['alice', 'bob'] : []
    const foreign = responses.flatMap(({ text }, i) => (text.match(NAMES) ?? []).filter(name => name !== own[i % 3]))
    expect(foreign).toEqual([])
    expect(responses.flatMap(({ setCookie }) => setCookie)).toEqual([])
    return responses
  }

  it.each(ROUTES)('refuses and logs a session inside %s', async (_, path, message) => {
    const responses = await visits(path)
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([500]))
    expect(responses.some(({ text }) => text.includes('[cloakroom]'))).toBe(false)
    await untilLogged(server, message)
  })

  it.each(PAGES)('refuses and logs a session inside %s', async (_, path, message) => {
    const responses = await visits(path)
    expect(responses.every(({ text }) => text.includes(REFUSED))).toBe(true)
    expect(responses.some(({ text }) => text.includes('[cloakroom]'))).toBe(false)
    await untilLogged(server, message)
  })

  it('puts no session into the payload of a cached page', async () => {
    expect(await visits('/cached/_payload.json')).toHaveLength(3 * ROUNDS)
  })

  it('leaves routes that use no session in the cache, also for visitors with a session', async () => {
    const responses = await visits('/api/cached/time')
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
  })

  it('renders a page that is not cached for each visitor separately', async () => {
    const pages = await Promise.all(visitors.map(visitor => visitor.get('/')))
    expect(pages.map(({ text }) => /<p>(\w+)/.exec(text)![1])).toEqual(['alice', 'bob', 'anonymous'])
  })

  it('creates no session in any of these requests', () => {
    expect(dumpStore(server.storeFile).sessions).toHaveLength(2)
  })
})

describe('in development, the module', () => {
  let server: FixtureServer
  let alice: FixtureVisitor

  beforeAll(async () => {
    server = await startFixtureInDevelopment()
    alice = await signedIn(server, 'alice')
  })

  afterAll(() => server?.dispose())

  it.each(ROUTES)('throws and logs an error that explains it inside %s', async (_, path, message) => {
    expect(await alice.get(path)).toMatchObject({ status: 500 })
    await untilLogged(server, message)
  })

  it.each(PAGES)('throws and logs an error that explains it inside %s', async (_, path, message) => {
    const { text } = await alice.get(path)
    expect(text.includes(REFUSED)).toBe(true)
    await untilLogged(server, message)
  })

  it('sends the explanation with the response', async () => {
    const response = await alice.get('/api/cached/handler', { accept: 'application/json' })
    const explanation = /^\[cloakroom\] .* uses a session\. .* is the same for every visitor\. /
    expect(response.json<{ message: string }>().message).toMatch(explanation)
  })

  // Tested here because a development server takes seconds to start.
  it('warns about a call that the server makes to itself without the visitor’s request', async () => {
    expect((await alice.get('/api/orphan')).json()).toMatchObject({ userId: null })
    await untilLogged(server, 'The server called GET /api/visitor without the visitor\'s request')
  })

  it('names the cookie after the app, because browsers share cookies between the ports of a host', () => {
    expect(alice.cookie).toMatch(/^__Host-session-basic-[\da-f]{4}=/)
  })

  it('switches the diagnosis on without a setting, and logs no warning about it', async () => {
    const { finding } = (await new FixtureVisitor(server).get(DIAGNOSE)).json<Diagnosis>()
    expect(finding.code).toBe('plain_http')
    expect(server.logs.join('\n')).not.toContain('/api/_session/diagnose is on')
  })
})

async function untilLogged(server: FixtureServer, message: string): Promise<void> {
  await server.linesWith(`[cloakroom] ${message}`)
}

async function signedIn(server: FixtureServer, userId: string): Promise<FixtureVisitor> {
  const visitor = new FixtureVisitor(server)
  expect(await visitor.post('/api/sign-in', { userId })).toMatchObject({ status: 200 })
  return visitor
}
