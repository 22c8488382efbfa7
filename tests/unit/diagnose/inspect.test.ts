import { describe, expect, it, vi } from 'vitest'
import { readCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import { Inspector } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/inspect'
import { SessionHistory } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/session-history'
import { sessionIdOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { StoreError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { HOUR, MINUTE, createTestEngine } from '../../support/engine'

const IDLE = 30 * MINUTE

/** A browser that is signed in, and an inspector of the header that it sends. */
async function signedIn(options: Parameters<typeof createTestEngine>[0] = {}) {
  const bench = createTestEngine(options)
  const browser = bench.browser()
  const { session } = await browser.visit()
  await session.signIn('ada')
  const history = new SessionHistory()
  const inspector = new Inspector({ engine: bench.engine, crossSite: false, history })
  bench.events.length = 0
  const inspect = (header = browser.header) => inspector.inspect(readCookie(header, '__Host-session'))
  return { ...bench, browser, session, history, inspect }
}

describe('Inspector', () => {
  it('reports the idle timeout from the moment it passes, emits no event and ends no session', async () => {
    const { time, inspect, events, rows } = await signedIn()
    time.advance(IDLE - 1)
    expect(await inspect()).toMatchObject({ outcome: 'active', endedAt: null })
    time.advance(1)
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle', endedAt: time.now })
    expect([events, await rows()]).toEqual([[], 1])
  })

  it('reports the absolute timeout from the moment it passes', async () => {
    const { time, inspect } = await signedIn({ config: { idleTimeout: '1h', absoluteTimeout: '1h' } })
    time.advance(HOUR - 1)
    expect(await inspect()).toMatchObject({ outcome: 'active' })
    time.advance(1)
    expect(await inspect()).toMatchObject({ outcome: 'expired_absolute', endedAt: time.now })
  })

  it('emits no event for a refused cookie, unlike a request that comes with it', async () => {
    const { browser, inspect, events, typesOfEvents } = await signedIn()
    browser.cookie = 'A'.repeat(108)
    expect(await inspect()).toMatchObject({ outcome: 'not_sealed' })
    expect(events).toEqual([])
    await browser.visit()
    expect(typesOfEvents()).toEqual(['refused'])
  })

  it('knows which timeout ended the session when neither record nor tombstone show it any more', async () => {
    const { time, inspect, browser, session, history, driver } = await signedIn()
    history.recordSession(session.id!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
    time.advance(IDLE)
    await browser.visit()
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle', endedAt: time.now })
    await driver.clear!('', {})
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle' })
  })

  it('does not report a timeout from its history before that timeout has passed', async () => {
    const { inspect, session, history, driver } = await signedIn()
    history.recordSession(session.id!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
    await driver.clear!('', {})
    expect(await inspect()).toMatchObject({ outcome: 'no_record' })
  })

  it('reports a secret that became invalid immediately as superseded, until the new one is used', async () => {
    const { browser, inspect, time } = await signedIn()
    await browser.visit()
    const old = browser.header
    await (await browser.visit()).session.rotate()
    for (const wait of [0, MINUTE, 20 * MINUTE]) {
      time.advance(wait)
      expect(await inspect(old)).toMatchObject({ outcome: 'superseded' })
    }
    await browser.visit()
    time.advance(MINUTE)
    expect(await inspect(old)).toMatchObject({ outcome: 'old_secret' })
  })

  it('reports the reason of a removal that the store has not carried out yet', async () => {
    const driver = memoryDriver()
    let isDown = false
    const failing = { ...driver, remove: (...args: Parameters<typeof driver.remove>) => {
      if (isDown) throw new StoreError('memory', 'is down')
      return driver.remove(...args)
    } }
    const { session, browser, inspect } = await signedIn({ driver: failing })
    const copy = browser.copy()
    isDown = true
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_unavailable' })
    browser.cookie = copy.cookie
    expect(await inspect()).toMatchObject({ outcome: 'signed_out' })
  })

  it('rejects with an error that is not an outage of the store', async () => {
    const { inspect, engine } = await signedIn()
    vi.spyOn(engine.store, 'read').mockRejectedValue(new TypeError('a mistake'))
    await expect(inspect()).rejects.toThrow('a mistake')
  })
})

describe('SessionHistory', () => {
  it('forgets the oldest session and the oldest host when there are too many', () => {
    const history = new SessionHistory()
    for (let i = 0; i <= 1000; i++) history.recordSession(sessionIdOf(String(i)), { idle: 1, absolute: 2 })
    for (const host of 'ihgfedcba') history.recordCookie(host)
    expect([history.expiryOf(sessionIdOf('0')), history.expiryOf(sessionIdOf('1')), history.cookieHosts])
      .toEqual([undefined, { idle: 1, absolute: 2 }, [...'abcdefgh']])
  })
})
