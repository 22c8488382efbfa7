import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { dumpStore } from '../support/store.ts'

/** The name that the fixture's sign-in gives it, and what it puts there. */
const SECURE = /secure"|for the server only/

let server: FixtureServer

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(() => server?.dispose())

async function signedIn() {
  const visitor = new FixtureVisitor(server)
  await visitor.post('/api/login', { name: 'Ada' })
  return visitor
}

describe('what a session holds under `secure`', () => {
  it('is in the store', async () => {
    await signedIn()
    expect(JSON.stringify(dumpStore(server.storeFile))).toContain('for the server only')
  })

  it.each([
    ['a page and its payload', 'GET', '/auth-state', /<p>Hello, Ada<[^]*id="__NUXT_DATA__"[^]*"Ada"/],
    ['a page behind the middleware', 'GET', '/for-members', /For Ada alone/],
    ['the session', 'GET', '/api/_session', /"name":"Ada"/],
    ['its extension', 'POST', '/api/_session/extend', /"name":"Ada"/],
    ['the devices', 'GET', '/api/_session/devices', /"current":true/],
  ])('is not in %s, which has the rest', async (_answer, method, path, shown) => {
    const { text, headers } = await (await signedIn()).visit(path, { method })
    expect(text).toMatch(shown)
    expect(text + JSON.stringify([...headers])).not.toMatch(SECURE)
  })

  it('is in no message of the event stream, from its beginning to the session\'s end', async () => {
    const visitor = await signedIn()
    const stream = await fetch(`${server.url}/api/_session/events`, { headers: { cookie: visitor.cookie } })
    await signedIn()
    await visitor.post('/api/sign-out')
    const text = await stream.text()
    expect(text.match(/^event: .*$/gm)).toEqual(['event: hello', 'event: changed', 'event: ended'])
    expect(text).not.toMatch(SECURE)
  })
})
