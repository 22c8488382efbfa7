import { renameSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis, FindingCode } from '../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'
import { askDiagnosis, DIAGNOSE, headerNames, signedInVisitor } from '../support/diagnosis.ts'
import { eventually } from '../support/eventually.ts'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore } from '../support/store.ts'

const ON = { NUXT_CLOAKROOM_DIAGNOSE: '1' }
const NAME = '__Host-session'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Moves a session past one of its timeouts. */
const EXPIRE = {
  expired_idle: 'UPDATE sessions SET last_seen_at = last_seen_at - 1800000',
  expired_absolute: 'UPDATE sessions SET expires_at = last_seen_at, '
    + 'value = json_set(value, \'$.expiresAt\', last_seen_at)',
}

const TIMEOUTS = ['expired_idle', 'expired_absolute'] as const

let app: string
let server: FixtureServer
const others: FixtureServer[] = []

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app, { ...ON, NUXT_CLOAKROOM_MAX_PER_USER: '1' })
})

afterEach(async () => {
  for (const other of others.splice(0)) await other.dispose()
})

afterAll(() => server?.dispose())

describe('the diagnosis of a request with a cookie', () => {
  it('is `active` if its session is active, and neither moves the idle timeout nor writes', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET last_seen_at = last_seen_at - 600000')
    const before = dumpStore(server.storeFile)
    const { finding, also, cookie } = await ask(visitor.cookie)
    expect([finding.code, also]).toEqual(['active', []])
    expect(cookie).toEqual({
      name: NAME,
      attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'],
      outcome: 'active',
      bytes: 122,
      endedAt: null,
    })
    await signedIn('another user') // Is committed together with a write of the diagnosis, or after it.
    expect(dumpStore(server.storeFile).sessions).toEqual(expect.arrayContaining(before.sessions!))
  })

  it('is `duplicate` for two cookies with different values', async () => {
    const [one, two] = [await signedIn(), await signedIn('another user')]
    await expectFinding('duplicate', `${one.cookie}; ${two.cookie}`)
    await expectFinding('active', `${one.cookie}; ${one.cookie}`)
  })

  it('is `over_4096` for a cookie that no browser would have stored', async () => {
    await expectFinding('over_4096', `${NAME}=${'x'.repeat(4097 - NAME.length)}`)
    await expectFinding('not_sealed', `${NAME}=${'x'.repeat(4096 - NAME.length)}`)
  })

  it('distinguishes a cookie of another installation, a changed one, and one that is not sealed', async () => {
    const other = await start()
    const theirs = await signedIn('ada', other)
    await expectFinding('unknown_key', theirs.cookie)
    const { cookie } = await signedIn()
    for (const position of [-1, -60]) await expectFinding('broken_seal', flip(cookie, position))
    await expectFinding('unknown_key', flip(cookie, NAME.length + 1 + 5))
    const notSealed = ['', 'eyJhbGciOiJIUzI1NiJ9.e30.x', 'z'.repeat(108), cookie.slice(NAME.length + 1, -1)]
    for (const value of notSealed) await expectFinding('not_sealed', `${NAME}=${value}`)
  })

  it.each(TIMEOUTS)('is `%s` after that timeout, and removes nothing', async (code) => {
    const visitor = await signedIn()
    sql(EXPIRE[code])
    const before = dumpStore(server.storeFile)
    const { finding, cookie, server: { now } } = await ask(visitor.cookie)
    expect([finding.code, cookie.endedAt! <= now]).toEqual([code, true])
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it('names the timeout after the sweep too, as long as the process remembers the session', async () => {
    const other = await start({ NUXT_CLOAKROOM_IDLE_TIMEOUT: '1s' })
    const visitor = await signedIn('ada', other)
    await eventually(() => expectFinding('expired_idle', visitor.cookie, other))
    sql('DELETE FROM sessions', other)
    await expectFinding('expired_idle', visitor.cookie, other)
    await other.restart()
    await expectFinding('no_record', visitor.cookie, other)
  })

  it('is `expired` if an ordinary request has found the session expired', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET last_seen_at = 0')
    await visitor.get('/api/visitor')
    await expectFinding('expired', visitor.cookie)
  })

  it('distinguishes a session that was signed out, revoked or evicted', async () => {
    const signedOut = await signedIn()
    const old = signedOut.copy()
    await signedOut.post('/api/sign-out')
    await expectFinding('signed_out', old.cookie)

    const everywhere = await signedIn()
    const copy = everywhere.copy()
    await everywhere.post('/api/sign-out-everywhere')
    await expectFinding('revoked', copy.cookie)

    const first = await signedIn('a user with two sessions')
    await signedIn('a user with two sessions')
    await expectFinding('evicted', first.cookie)
  })

  it.each(['refuse', 'revoke'])('distinguishes old secrets from the current one with `%s`', async (reuse) => {
    const other = await start({ NUXT_CLOAKROOM_ON_SECRET_REUSE: reuse })
    const visitor = await signedIn('ada', other)
    const old = visitor.copy()
    await visitor.post('/api/password')
    await expectFinding('superseded', old.cookie, other)
    // A request with the cookie from before the last one may still be on its way.
    await visitor.post('/api/password')
    await visitor.post('/api/password')
    await expectFinding('old_secret', old.cookie, other)
    await expectFinding('active', visitor.cookie, other)
    const current = visitor.copy()
    await old.get('/api/visitor')
    await expectFinding('old_secret', old.cookie, other) // It does not learn whether the session lives on.
    await expectFinding(reuse === 'revoke' ? 'secret_reuse' : 'active', current.cookie, other)
  })

  it('is `corrupt_record` or `no_record` if the store has no readable record', async () => {
    const visitor = await signedIn()
    sql('UPDATE sessions SET value = \'garbage\'')
    await expectFinding('corrupt_record', visitor.cookie)
    sql('DELETE FROM sessions')
    await expectFinding('no_record', visitor.cookie)
  })

  it('is `store_unavailable` during an outage, and `active` again afterwards', async () => {
    const other = await start()
    const visitor = await signedIn('ada', other)
    renameSync(other.storeFile, `${other.storeFile}.away`)
    await eventually(() => expectFinding('store_unavailable', visitor.cookie, other))
    renameSync(`${other.storeFile}.away`, other.storeFile)
    await eventually(() => expectFinding('active', visitor.cookie, other))
  })
})

describe('the diagnosis of a request without the cookie', () => {
  it('says that the request does not show whether the browser has one', async () => {
    const { finding, also, request, cookie } = await ask(undefined, { cookie: 'theme=dark; lang=en' })
    expect([finding.code, also, request.otherCookies, cookie.bytes]).toEqual(['no_cookie', [], 2, null])
    expect(finding.because).toContain('does not show')
  })

  it('is `plain_http` if the listener itself or a trusted proxy reports plain HTTP', async () => {
    const forwarded = { 'x-forwarded-proto': 'http' }
    expect((await ask(undefined, forwarded)).finding.code).toBe('plain_http')
    const direct = await start({ NUXT_CLOAKROOM_BEHIND_PROXY: '0', NUXT_CLOAKROOM_TRUSTED_PROXIES: '' })
    expect((await ask(undefined, {}, direct)).finding.code).toBe('plain_http')
    const untrusted = await start({ NUXT_CLOAKROOM_TRUSTED_PROXIES: '203.0.113.1' })
    expect((await ask(undefined, forwarded, untrusted)).request.scheme).toBe('unknown')
  })

  it('is `wrong_host` for another host name than the server\'s', async () => {
    const { finding } = await ask(undefined, { host: '192.168.1.20:3000' })
    expect(finding.code).toBe('wrong_host')
    expect(finding.because).toMatch(/192\.168\.1\.20.*basic\.test/)
  })

  it('is `origin_not_listed` for a page that is not on the allowlist, which cannot read it', async () => {
    const headers = { 'origin': 'https://app.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }
    const { finding, also } = await ask(undefined, headers)
    expect([finding.code, also.map(({ code }) => code)]).toEqual(['origin_not_listed', []])
    const response = await new FixtureVisitor(server).get(DIAGNOSE, headers)
    expect(headerNames(response.headers).filter(name => name.startsWith('access-control-'))).toEqual([])
  })

  it('is `clock_off` if the clocks differ and nothing else is known, and otherwise mentions it in `also`', async () => {
    const at = (ms: number) => `${DIAGNOSE}?now=${Date.now() + ms}`
    const { finding } = await ask(undefined, {}, server, at(-HOUR_MS))
    expect(finding).toMatchObject({ code: 'clock_off', because: expect.stringContaining('60 minutes behind') })
    const { also } = await ask((await signedIn()).cookie, {}, server, at(3 * DAY_MS))
    expect(also).toMatchObject([{ code: 'clock_off', because: expect.stringContaining('3 days ahead') }])
    for (const now of ['', 'soon', '-1', '9'.repeat(17), '1&now=2']) {
      expect((await ask(undefined, {}, server, `${DIAGNOSE}?now=${now}`)).clockAheadMs).toBeNull()
    }
  })
})

async function start(env: Record<string, string> = {}): Promise<FixtureServer> {
  const other = await startFixture(app, { ...ON, ...env })
  others.push(other)
  return other
}

function signedIn(userId?: string, on = server): Promise<FixtureVisitor> {
  return signedInVisitor(on, userId)
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
