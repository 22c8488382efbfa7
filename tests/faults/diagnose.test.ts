import { renameSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis, FindingCode } from '../../layers/session/shared/types/diagnosis'
import { askDiagnosis, DIAGNOSE, headerNames, signedInVisitor } from '../support/diagnosis.ts'
import { eventually } from '../support/eventually.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore } from '../support/store.ts'

const ON = { NUXT_SESSION_DIAGNOSE: '1' }
const NAME = '__Host-session'

let app: string
let server: FixtureServer
const others: FixtureServer[] = []

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app, { ...ON, NUXT_SESSION_MAX_PER_OWNER: '1' })
})

afterEach(async () => {
  for (const other of others.splice(0)) await other.dispose()
})

afterAll(() => server?.dispose())

describe('a cookie that came', () => {
  it('and whose session is alive is no fault, and looking slides no clock and writes nothing', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET last_seen_at = last_seen_at - 600000')
    const before = dumpStore(server.storeFile)
    const { finding, also, cookie } = await ask(visitor.cookie)
    expect([finding.code, also, cookie]).toEqual(['alive', [], { name: NAME, attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'], outcome: 'alive', bytes: 122, endedAt: null }])
    await signedIn('somebody else') // Shares a commit with whatever the question would have written, or comes after it.
    expect(dumpStore(server.storeFile).sessions).toEqual(expect.arrayContaining(before.sessions!))
  })

  it('twice with different values counts as none (A18)', async () => {
    const [one, two] = [await signedIn(), await signedIn('somebody else')]
    await expectFinding('duplicate', `${one.cookie}; ${two.cookie}`)
    await expectFinding('alive', `${one.cookie}; ${one.cookie}`)
  })

  it('over 4096 bytes was kept by no browser (A14)', async () => {
    await expectFinding('over_4096', `${NAME}=${'x'.repeat(4097 - NAME.length)}`)
    await expectFinding('not_a_ticket', `${NAME}=${'x'.repeat(4096 - NAME.length)}`)
  })

  it('from another installation is told from a broken one of this, and from what is no ticket', async () => {
    const other = await start()
    const theirs = await signedIn('ada', other)
    await expectFinding('unknown_key', theirs.cookie)
    const { cookie } = await signedIn()
    for (const position of [-1, -60]) await expectFinding('broken_seal', flip(cookie, position))
    await expectFinding('unknown_key', flip(cookie, NAME.length + 1 + 5))
    for (const value of ['', 'eyJhbGciOiJIUzI1NiJ9.e30.x', 'z'.repeat(108), cookie.slice(NAME.length + 1, -1)]) await expectFinding('not_a_ticket', `${NAME}=${value}`)
  })

  it.each(['expired_idle', 'expired_absolute'] as const)('whose session ended by a clock is told by which (%s), and buried by nobody', async (code) => {
    const visitor = await signedIn()
    sql(code === 'expired_idle'
      ? 'UPDATE sessions SET last_seen_at = last_seen_at - 1800000'
      : 'UPDATE sessions SET expires_at = last_seen_at, value = json_set(value, \'$.expiresAt\', last_seen_at)')
    const before = dumpStore(server.storeFile)
    const { finding, cookie, server: { now } } = await ask(visitor.cookie)
    expect([finding.code, cookie.endedAt! <= now]).toEqual([code, true])
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('whose record the sweep has taken is told by which clock, as long as this process remembers', async () => {
    const other = await start({ NUXT_SESSION_IDLE_TIMEOUT: '1s' })
    const visitor = await signedIn('ada', other)
    await eventually(() => expectFinding('expired_idle', visitor.cookie, other))
    sql('DELETE FROM sessions', other)
    await expectFinding('expired_idle', visitor.cookie, other)
    await other.restart()
    await expectFinding('no_record', visitor.cookie, other)
  })

  it('whose session was found expired by an ordinary request is told so', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET last_seen_at = 0')
    await visitor.get('/api/visitor')
    await expectFinding('expired', visitor.cookie)
  })

  it('whose session was signed out, revoked, or gave way is told which', async () => {
    const signedOut = await signedIn()
    const old = signedOut.copy()
    await signedOut.post('/api/sign-out')
    await expectFinding('signed_out', old.cookie)

    const everywhere = await signedIn()
    const there = everywhere.copy()
    await everywhere.post('/api/sign-out-everywhere')
    await expectFinding('revoked', there.cookie)

    const first = await signedIn('crowd')
    await signedIn('crowd')
    await expectFinding('evicted', first.cookie)
  })

  it('of a secret that was replaced is told from a new one, also where its use ends the session (A13)', async () => {
    for (const [onReuse, code] of [['refuse', 'old_secret'], ['revoke', 'secret_reuse']] as const) {
      const other = await start({ NUXT_SESSION_ON_SECRET_REUSE: onReuse })
      const visitor = await signedIn('ada', other)
      const old = visitor.copy()
      await visitor.post('/api/password')
      await expectFinding('superseded', old.cookie, other)
      await visitor.post('/api/password')
      await expectFinding('old_secret', old.cookie, other)
      await expectFinding('alive', visitor.cookie, other)
      await old.get('/api/visitor')
      await expectFinding(code, old.cookie, other)
    }
  })

  it('that names no record, or one that cannot be read, is told so (A8, E10)', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET value = \'garbage\'')
    await expectFinding('corrupt_record', visitor.cookie)
    sql('DELETE FROM sessions')
    await expectFinding('no_record', visitor.cookie)
  })

  it('is no sign-out while the store does not answer (E1)', async () => {
    const other = await start()
    const visitor = await signedIn('ada', other)
    renameSync(other.storeFile, `${other.storeFile}.away`)
    await eventually(() => expectFinding('store_unavailable', visitor.cookie, other))
    renameSync(`${other.storeFile}.away`, other.storeFile)
    await eventually(() => expectFinding('alive', visitor.cookie, other))
  })
})

describe('a request without the cookie', () => {
  it('is told that it cannot be known from here whether the browser has one', async () => {
    const { finding, also, request, cookie } = await ask(undefined, { cookie: 'theme=dark; lang=en' })
    expect([finding.code, also, request.otherCookies, cookie.bytes]).toEqual(['no_cookie', [], 2, null])
    expect(finding.because).toContain('does not show')
  })

  it('over plain HTTP is told that Secure cookies need HTTPS, by the listener itself or by a trusted proxy alone', async () => {
    expect((await ask(undefined, { 'x-forwarded-proto': 'http' })).finding.code).toBe('plain_http')
    const direct = await start({ NUXT_SESSION_BEHIND_PROXY: '0', NUXT_SESSION_TRUSTED_PROXIES: '' })
    expect((await ask(undefined, {}, direct)).finding.code).toBe('plain_http')
    const distant = await start({ NUXT_SESSION_TRUSTED_PROXIES: '203.0.113.1' })
    expect((await ask(undefined, { 'x-forwarded-proto': 'http' }, distant)).request.scheme).toBe('unknown')
  })

  it('to another host name than the server\'s is told so', async () => {
    const { finding } = await ask(undefined, { host: '192.168.1.20:3000' })
    expect([finding.code, finding.because]).toEqual(['wrong_host', expect.stringMatching(/192\.168\.1\.20.*basic\.test/)])
  })

  it('from a page that is not on the list is told so, and that page can read none of it', async () => {
    const headers = { 'origin': 'https://app.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }
    const { finding, also } = await ask(undefined, headers)
    expect([finding.code, also.map(({ code }) => code)]).toEqual(['origin_not_listed', []])
    const { headers: answered } = await new FixtureVisitor(server).get(DIAGNOSE, headers)
    expect(headerNames(answered).filter(name => name.startsWith('access-control-'))).toEqual([])
  })

  it('says in a second place that the clocks are apart, or in the first where nothing else is known', async () => {
    const at = (ms: number) => `${DIAGNOSE}?now=${Date.now() + ms}`
    expect((await ask(undefined, {}, server, at(-3_600_000))).finding).toMatchObject({ code: 'clock_off', because: expect.stringContaining('60 minutes behind') })
    expect((await ask((await signedIn()).cookie, {}, server, at(86_400_000 * 3))).also).toMatchObject([{ code: 'clock_off', because: expect.stringContaining('3 days ahead') }])
    for (const now of ['', 'soon', '-1', '9'.repeat(17), '1&now=2']) expect((await ask(undefined, {}, server, `${DIAGNOSE}?now=${now}`)).clockAheadMs).toBeNull()
  })
})

async function start(env: Record<string, string> = {}): Promise<FixtureServer> {
  const other = await startFixture(app, { ...ON, ...env })
  others.push(other)
  return other
}

function signedIn(owner?: string, on = server): Promise<FixtureVisitor> {
  return signedInVisitor(on, owner)
}

function ask(cookie?: string, headers?: Record<string, string>, on = server, path?: string): Promise<Diagnosis> {
  return askDiagnosis(on, cookie, { headers, path })
}

async function expectFinding(code: FindingCode, cookie: string, on = server) {
  expect((await ask(cookie, {}, on)).finding.code).toBe(code)
}

/** The cookie with one character changed. */
function flip(cookie: string, position: number): string {
  const at = position < 0 ? cookie.length + position : position
  return cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1)
}

function sql(statement: string, { storeFile } = server) {
  changeDatabase(storeFile, statement)
}
