import { renameSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { answerToUpgrade, openRawSocket, openSocket } from '../support/fixture-socket.ts'
import type { FixtureSocket } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore } from '../support/store.ts'
import { eventually } from '../support/eventually.ts'

const MOST_SOCKETS = 32

let server: FixtureServer
let visitor: FixtureVisitor
const sockets: FixtureSocket[] = []

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(async () => {
  await server?.dispose()
  expect((server?.logs ?? []).filter(line => !line.startsWith('Listening on '))).toEqual([])
})

beforeEach(() => {
  visitor = new FixtureVisitor(server)
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function signedIn(owner = 'ada', who = visitor) {
  await who.post('/api/sign-in', { owner })
  return who
}

async function chat(who = visitor): Promise<FixtureSocket> {
  const socket = await openSocket(server, '/chat', who.cookie)
  sockets.push(socket)
  await socket.hears(/^Welcome/)
  return socket
}

describe('an upgrade to a WebSocket', () => {
  it.each([
    ['a foreign origin', { origin: 'https://evil.test' }],
    ['no origin that anybody knows', { origin: 'null' }],
    ['a sibling of the own host', { 'origin': 'https://evil.basic.test', 'sec-fetch-site': 'same-site' }],
    ['a browser that says so', { 'sec-fetch-site': 'cross-site' }],
    ['the own origin in another spelling', { origin: `${FIXTURE_ORIGIN}.evil.test` }],
    ['a program that sends the cookie and no origin', {}],
  ])('from %s is refused with 403, on the layer\'s routes and on any other (B25)', async (_name, headers) => {
    const { cookie } = await signedIn()
    const answers = await Promise.all(['/chat', '/time', '/no-such-route'].map(path => answerToUpgrade(server, path, { ...headers, cookie })))
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
    expect(JSON.parse(answers[0]!.body)).toMatchObject({ data: { code: 'cross_origin_refused' } })
  })

  it('from the app\'s own pages is accepted, and from a program that has nothing to lose', async () => {
    const { cookie } = await signedIn()
    const upgrade = (path: string, headers: Record<string, string>) => answerToUpgrade(server, path, headers).then(({ status }) => status)
    expect(await upgrade('/chat', { cookie, origin: FIXTURE_ORIGIN })).toBe(101)
    expect(await upgrade('/chat', { cookie, 'sec-fetch-site': 'same-origin' })).toBe(101)
    expect(await upgrade('/time', {})).toBe(101)
  })

  it('needs a session, and somebody signed in where that is asked for', async () => {
    const answers = []
    for (const cookie of ['', '__Host-session=forged']) answers.push(await answerToUpgrade(server, '/chat', { cookie, origin: FIXTURE_ORIGIN }))
    await visitor.post('/api/count')
    answers.push(await answerToUpgrade(server, '/chat', { cookie: visitor.cookie, origin: FIXTURE_ORIGIN }))
    expect(answers.map(({ status, body }) => [status, JSON.parse(body).data.code])).toEqual(Array.from({ length: 3 }, () => [401, 'no_session']))
  })

  it('makes no session, sets no cookie and is no activity', async () => {
    await signedIn()
    sql('UPDATE sessions SET last_seen_at = last_seen_at - 120000')
    const before = dumpStore(server.storeFile)
    const { headers } = await answerToUpgrade(server, '/chat', { cookie: visitor.cookie, origin: FIXTURE_ORIGIN })
    const socket = await chat()
    socket.send('hello')
    await socket.hears(/^ada: hello/)
    expect(headers['set-cookie']).toBeUndefined()
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('is answered 503 while the store does not answer, and accepted when it does again', async () => {
    const ailing = await startFixture(await buildFixture())
    const ada = new FixtureVisitor(ailing)
    await ada.post('/api/sign-in', { owner: 'ada' })
    const upgrade = () => answerToUpgrade(ailing, '/chat', { cookie: ada.cookie, origin: FIXTURE_ORIGIN })
    renameSync(ailing.storeFile, `${ailing.storeFile}.away`)
    // The driver looks for its file now and then, not at each question.
    const refused = await eventually(async () => {
      const answer = await upgrade()
      expect(answer.status).toBe(503)
      return answer
    })
    renameSync(`${ailing.storeFile}.away`, ailing.storeFile)
    await eventually(async () => expect((await upgrade()).status).toBe(101))
    await ailing.dispose()
    expect(refused.headers).toMatchObject({ 'retry-after': '2', 'cache-control': 'no-store' })
    expect(JSON.parse(refused.body)).toMatchObject({ data: { code: 'store_unavailable' } })
  })
})

describe('a WebSocket with a session', () => {
  it('speaks to whoever is signed in', async () => {
    await signedIn()
    const [ada, bob] = [await chat(), await chat(await signedIn('bob', new FixtureVisitor(server)))]
    bob.send('hello')
    expect(await ada.hears(/hello/)).toBe('bob: hello')
  })

  it('closes with 1008 when its user signs out, in all its tabs', async () => {
    await signedIn()
    const tabs = [await chat(), await chat()]
    await visitor.copy().post('/api/sign-out')
    expect(await Promise.all(tabs.map(({ closed }) => closed))).toEqual([{ code: 1008, reason: 'signed_out' }, { code: 1008, reason: 'signed_out' }])
  })

  it('closes with 1008 when the session is revoked on another device, and stays open there', async () => {
    const other = await signedIn('eve', new FixtureVisitor(server))
    const [here, there] = [await chat(await signedIn('eve')), await chat(other)]
    await visitor.post('/api/password')
    expect(await there.closed).toEqual({ code: 1008, reason: 'revoked' })
    here.send('still here')
    expect(await here.hears(/still here/)).toBe('eve: still here')
  })

  it('closes with 1008 when the session is gone from the store by another process\'s doing', async () => {
    await signedIn('mallory')
    const socket = await chat()
    sql('UPDATE sessions SET last_seen_at = 0 WHERE owner = \'mallory\'')
    expect(await socket.closed).toEqual({ code: 1008, reason: 'expired' })
  })

  it('closes with 1008 when the session becomes another user\'s', async () => {
    await signedIn()
    const socket = await chat()
    await visitor.post('/api/sign-in', { owner: 'bob' })
    expect(await socket.closed).toEqual({ code: 1008, reason: 'signed_in' })
    await expect(chat()).resolves.toBeDefined()
  })

  it('says nothing to the app any more once it was told to close, though the client does not close', async () => {
    const listener = await chat(await signedIn('bob', new FixtureVisitor(server)))
    await signedIn()
    const stubborn = await openRawSocket(server, '/chat', visitor.cookie)
    stubborn.send('in time')
    await listener.hears(/^ada: in time$/)
    await visitor.post('/api/sign-out')
    await stubborn.hears('signed_out')
    stubborn.send('too late')
    await stubborn.close()
    expect(listener.messages).not.toContain('ada: too late')
  })

  it('is no more than one of 32 of a session', async () => {
    await signedIn()
    for (let i = 0; i < MOST_SOCKETS; i++) await chat()
    const surplus = await openSocket(server, '/chat', visitor.cookie)
    expect(await surplus.closed).toEqual({ code: 1013, reason: 'too many sockets' })
    expect(surplus.messages).toEqual([])
    sockets[0]!.close()
    await sockets[0]!.closed
    await expect(chat()).resolves.toBeDefined()
  })
})

/** Changes the store as another process would. */
function sql(statement: string) {
  changeDatabase(server.storeFile, statement)
}
