import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../layers/session/shared/types/diagnosis'
import { DIAGNOSE } from '../support/diagnosis.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture, startFixtureInDevelopment } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import type { FixtureAnswer } from '../support/fixture-visitor.ts'
import { dumpStore } from '../support/store.ts'

const ROUNDS = 50

/** What of the fixture is cached and uses a session, and how the report names it. */
const ROUTES = [
  ['defineCachedEventHandler', '/api/cached/handler', '/api/cached/handler is cached'],
  ['a swr rule', '/api/cached/swr', '/api/cached/swr is cached'],
  ['an isr rule', '/api/cached/isr', '/api/cached/isr is cached'],
  ['defineCachedEventHandler, in a route that it calls', '/api/cached/nested', '/api/cached/nested is cached'],
  ['defineCachedEventHandler, in a middleware before it', '/api/cached/after', '/api/cached/after is cached'],
] as const
const PAGES = [
  ['a swr page, in a route that it calls', '/cached', '/cached is cached'],
  ['a cached handler that a page calls, in a route that the handler calls', '/nested', '/api/visitor is called from a cached handler'],
] as const
const REFUSED = '<p>nobody, error 500</p>'
const NAMES = /alice|bob/

describe('in production', () => {
  let server: FixtureServer
  let visitors: FixtureVisitor[]

  beforeAll(async () => {
    server = await startFixture(await buildFixture())
    visitors = [await signedIn(server, 'alice'), await signedIn(server, 'bob'), new FixtureVisitor(server)]
  })

  afterAll(() => server?.dispose())

  /** What three visitors get who come at the same time, fifty times; all must be without a trace of a session. */
  async function visits(path: string): Promise<FixtureAnswer[]> {
    const answers: FixtureAnswer[] = []
    for (let round = 0; round < ROUNDS; round++) {
      answers.push(...await Promise.all(visitors.map(visitor => visitor.get(path))))
    }
    expect(answers.flatMap(({ text }) => NAMES.exec(text)?.[0] ?? [])).toEqual([])
    expect(answers.flatMap(({ setCookie }) => setCookie)).toEqual([])
    return answers
  }

  it.each(ROUTES)('refuses and reports a session inside %s', async (_, path, sentence) => {
    const answers = await visits(path)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([500]))
    expect(answers.some(({ text }) => text.includes('[session]'))).toBe(false)
    expect(reported(server, sentence)).toBe(true)
  })

  it.each(PAGES)('refuses and reports a session inside %s', async (_, path, sentence) => {
    const answers = await visits(path)
    expect(answers.every(({ text }) => text.includes(REFUSED))).toBe(true)
    expect(answers.some(({ text }) => text.includes('[session]'))).toBe(false)
    expect(reported(server, sentence)).toBe(true)
  })

  it('keeps sessions out of the payload of a cached page', async () => {
    expect(await visits('/cached/_payload.json')).toHaveLength(3 * ROUNDS)
  })

  it('caches what has nothing to do with sessions, for those who have one too', async () => {
    const answers = await visits('/api/cached/time')
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  it('gives each visitor their own page where nothing is cached', async () => {
    const pages = await Promise.all(visitors.map(visitor => visitor.get('/')))
    expect(pages.map(({ text }) => /<p>(\w+)/.exec(text)![1])).toEqual(['alice', 'bob', 'nobody'])
  })

  it('makes no session in all that', () => {
    expect(dumpStore(server.storeFile).sessions).toHaveLength(2)
  })
})

describe('in development', () => {
  let server: FixtureServer
  let alice: FixtureVisitor

  beforeAll(async () => {
    server = await startFixtureInDevelopment()
    alice = await signedIn(server, 'alice')
  })

  afterAll(() => server?.dispose())

  it.each(ROUTES)('throws a sentence that says so inside %s', async (_, path, sentence) => {
    expect(await alice.get(path)).toMatchObject({ status: 500 })
    expect(reported(server, sentence)).toBe(true)
  })

  it.each(PAGES)('throws a sentence that says so inside %s', async (_, path, sentence) => {
    const { text } = await alice.get(path)
    expect(text.includes(REFUSED)).toBe(true)
    expect(reported(server, sentence)).toBe(true)
  })

  it('shows the sentence to whoever called', async () => {
    const answer = await alice.get('/api/cached/handler', { accept: 'application/json' })
    expect(answer.json<{ message: string }>().message).toMatch(/^\[session\] .* uses a session\. .* is the same for every visitor\. /)
  })

  // Here, because a development server takes seconds to start.
  it('answers the diagnosis without being asked for, and does not warn of it', async () => {
    const { finding } = (await new FixtureVisitor(server).get(DIAGNOSE)).json<Diagnosis>()
    expect(finding.code).toBe('plain_http')
    expect(server.logs.join('\n')).not.toContain('/api/_session/diagnose is on')
  })
})

function reported({ logs }: FixtureServer, sentence: string): boolean {
  return logs.some(line => line.includes(`[session] ${sentence}`))
}

async function signedIn(server: FixtureServer, owner: string): Promise<FixtureVisitor> {
  const visitor = new FixtureVisitor(server)
  expect(await visitor.post('/api/sign-in', { owner })).toMatchObject({ status: 200 })
  return visitor
}
