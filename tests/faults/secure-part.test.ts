import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { dumpStore } from '../support/store.ts'

/** The property's name, and what the fixture app's sign-in stores in it. */
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

describe('the `secure` part of a session', () => {
  it('is in the store', async () => {
    await signedIn()
    expect(JSON.stringify(dumpStore(server.storeFile))).toContain('for the server only')
  })

  it.each([
    ['a page and its payload', 'GET', '/auth-state', /<p>Hello, Ada<[^]*id="__NUXT_DATA__"[^]*"Ada"/],
    ['a page behind the middleware', 'GET', '/for-members', /For Ada alone/],
    ['the session view', 'GET', '/api/_session', /"name":"Ada"/],
    ['the response to `extend`', 'POST', '/api/_session/extend', /"name":"Ada"/],
    ['the list of devices', 'GET', '/api/_session/devices', /"current":true/],
  ])('is not in %s, which contains everything else', async (_response, method, path, expected) => {
    const { text, headers } = await (await signedIn()).visit(path, { method })
    expect(text).toMatch(expected)
    expect(text + JSON.stringify([...headers])).not.toMatch(SECURE)
  })

  it('is in no message of the event stream, from its start to the end of the session', async () => {
    const visitor = await signedIn()
    const stream = await fetch(`${server.url}/api/_session/events`, { headers: { cookie: visitor.cookie } })
    await signedIn()
    await visitor.post('/api/sign-out')
    const text = await stream.text()
    expect(text.match(/^event: .*$/gm)).toEqual(['event: hello', 'event: changed', 'event: ended'])
    expect(text).not.toMatch(SECURE)
  })
})
