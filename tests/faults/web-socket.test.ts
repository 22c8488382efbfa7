import { renameSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { openRawSocket, openSocket, requestUpgrade } from '../support/fixture-socket.ts'
import type { FixtureSocket } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore } from '../support/store.ts'
import { eventually } from '../support/eventually.ts'

const MAX_SOCKETS = 32

let server: FixtureServer
let visitor: FixtureVisitor
const sockets: FixtureSocket[] = []

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(async () => {
  await server?.dispose()
  expect(server?.unusualLogs ?? []).toEqual([])
})

beforeEach(() => {
  visitor = new FixtureVisitor(server)
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function signedIn(userId = 'ada', browser = visitor) {
  await browser.post('/api/sign-in', { userId })
  return browser
}

async function chat(browser = visitor): Promise<FixtureSocket> {
  const socket = await openSocket(server, '/chat', browser.cookie)
  sockets.push(socket)
  await socket.waitFor(/^Welcome/)
  return socket
}

/** The headers with which a page of the app opens a WebSocket. */
const ownHeaders = (cookie: string) => ({ cookie, origin: FIXTURE_ORIGIN })

describe('an upgrade to a WebSocket', () => {
  it.each<[source: string, headers: Record<string, string>]>([
    ['a foreign origin', { origin: 'https://evil.test' }],
    ['an opaque origin', { origin: 'null' }],
    ['a subdomain of its own host', { 'origin': 'https://evil.basic.test', 'sec-fetch-site': 'same-site' }],
    ['another site according to Fetch Metadata', { 'sec-fetch-site': 'cross-site' }],
    ['an origin that starts like its own', { origin: `${FIXTURE_ORIGIN}.evil.test` }],
    ['a program that sends the cookie and no origin', {}],
  ])('from %s is refused with 403 on every route', async (_source, headers) => {
    const { cookie } = await signedIn()
    const paths = ['/chat', '/time', '/no-such-route']
    const responses = await Promise.all(paths.map(path => requestUpgrade(server, path, { ...headers, cookie })))
    expect(responses.map(({ status }) => status)).toEqual([403, 403, 403])
    expect(JSON.parse(responses[0]!.body)).toMatchObject({ data: { code: 'cross_origin_refused' } })
  })

  it('is accepted from pages of the app, and from a program without a cookie', async () => {
    const { cookie } = await signedIn()
    const statusOf = async (path: string, headers: Record<string, string>) =>
      (await requestUpgrade(server, path, headers)).status
    expect(await statusOf('/chat', ownHeaders(cookie))).toBe(101)
    expect(await statusOf('/chat', { cookie, 'sec-fetch-site': 'same-origin' })).toBe(101)
    expect(await statusOf('/time', {})).toBe(101)
  })

  it('needs a session, and with the option `signedIn` a signed-in user', async () => {
    const upgrade = (cookie: string) => requestUpgrade(server, '/chat', ownHeaders(cookie))
    const responses = [await upgrade(''), await upgrade('__Host-session=forged')]
    await visitor.post('/api/count')
    responses.push(await upgrade(visitor.cookie))
    const refusals = responses.map(({ status, body }) => [status, JSON.parse(body).data.code])
    expect(refusals).toEqual(Array.from({ length: 3 }, () => [401, 'no_session']))
  })

  it('creates no session, sets no cookie and is not activity', async () => {
    await signedIn()
    sql('UPDATE sessions SET last_seen_at = last_seen_at - 120000')
    const before = dumpStore(server.storeFile)
    const { headers } = await requestUpgrade(server, '/chat', ownHeaders(visitor.cookie))
    const socket = await chat()
    socket.send('hello')
    await socket.waitFor(/^ada: hello/)
    expect(headers['set-cookie']).toBeUndefined()
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('is refused with 503 while the store does not respond, and accepted when it does again', async () => {
    const failing = await startFixture(await buildFixture())
    const ada = new FixtureVisitor(failing)
    await ada.post('/api/sign-in', { userId: 'ada' })
    const upgrade = () => requestUpgrade(failing, '/chat', ownHeaders(ada.cookie))
    renameSync(failing.storeFile, `${failing.storeFile}.away`)
    // The store checks at intervals whether its file exists, not for each read.
    const refused = await eventually(async () => {
      const response = await upgrade()
      expect(response.status).toBe(503)
      return response
    })
    renameSync(`${failing.storeFile}.away`, failing.storeFile)
    await eventually(async () => expect((await upgrade()).status).toBe(101))
    await failing.dispose()
    expect(refused.headers).toMatchObject({ 'retry-after': '2', 'cache-control': 'no-store' })
    expect(JSON.parse(refused.body)).toMatchObject({ data: { code: 'store_unavailable' } })
  })
})

describe('a WebSocket with a session', () => {
  it('knows the user id', async () => {
    await signedIn()
    const [ada, bob] = [await chat(), await chat(await signedIn('bob', new FixtureVisitor(server)))]
    bob.send('hello')
    expect(await ada.waitFor(/hello/)).toBe('bob: hello')
  })

  it('closes with 1008 in all tabs when its user signs out', async () => {
    await signedIn()
    const tabs = [await chat(), await chat()]
    await visitor.copy().post('/api/sign-out')
    const signedOut = { code: 1008, reason: 'signed_out' }
    expect(await Promise.all(tabs.map(({ closed }) => closed))).toEqual([signedOut, signedOut])
  })

  it('closes with 1008 when another device revokes the session, and that device\'s own stays open', async () => {
    const other = await signedIn('eve', new FixtureVisitor(server))
    const [here, there] = [await chat(await signedIn('eve')), await chat(other)]
    await visitor.post('/api/password')
    expect(await there.closed).toEqual({ code: 1008, reason: 'revoked' })
    here.send('still here')
    expect(await here.waitFor(/still here/)).toBe('eve: still here')
  })

  it('closes with 1008 when another process ends the session in the store', async () => {
    await signedIn('mallory')
    const socket = await chat()
    sql('UPDATE sessions SET last_seen_at = 0 WHERE user_id = \'mallory\'')
    expect(await socket.closed).toEqual({ code: 1008, reason: 'expired' })
  })

  it('closes with 1008 when another user signs in to the session', async () => {
    await signedIn()
    const socket = await chat()
    await visitor.post('/api/sign-in', { userId: 'bob' })
    expect(await socket.closed).toEqual({ code: 1008, reason: 'signed_in' })
    await expect(chat()).resolves.toBeDefined()
  })

  it('passes no message to the app after the server has closed it, even if the client keeps it open', async () => {
    const listener = await chat(await signedIn('bob', new FixtureVisitor(server)))
    await signedIn()
    const stubborn = await openRawSocket(server, '/chat', visitor.cookie)
    stubborn.send('in time')
    await listener.waitFor(/^ada: in time$/)
    await visitor.post('/api/sign-out')
    await stubborn.waitFor('signed_out')
    stubborn.send('too late')
    await stubborn.close()
    expect(listener.messages).not.toContain('ada: too late')
  })

  it('is closed with 1013 if the session already has 32 open ones', async () => {
    await signedIn()
    for (let i = 0; i < MAX_SOCKETS; i++) await chat()
    const surplus = await openSocket(server, '/chat', visitor.cookie)
    expect(await surplus.closed).toEqual({ code: 1013, reason: 'too many sockets' })
    expect(surplus.messages).toEqual([])
    sockets[0]!.close()
    await sockets[0]!.closed
    await expect(chat()).resolves.toBeDefined()
  })
})

/** Changes the store like another process. */
function sql(statement: string) {
  changeDatabase(server.storeFile, statement)
}
