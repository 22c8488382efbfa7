import { describe, expect, it } from 'vitest'
import { Inspector } from '../../../layers/session/server/diagnose/inspect'
import { LastKnown } from '../../../layers/session/server/diagnose/last-known'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { handleOf } from '../../../layers/session/server/engine/identity'
import { StoreError } from '../../../layers/session/server/engine/store'
import { HOUR, makeBench, MINUTE, newRing } from '../../support/engine'

const IDLE = 30 * MINUTE

/** Somebody who is signed in, with an inspector of what their browser sends. */
async function signedIn(options: Parameters<typeof makeBench>[0] = {}) {
  const ring = newRing()
  const bench = makeBench({ ring, ...options })
  const browser = bench.browser()
  const { session } = await browser.visit()
  await session.signIn('ada')
  const lastKnown = new LastKnown()
  const inspector = new Inspector({ engine: bench.engine, ring, lastKnown })
  bench.events.length = 0
  return { ...bench, browser, session, lastKnown, inspect: () => inspector.inspect(browser.header) }
}

describe('an inspection', () => {
  it('tells on both sides of the idle end, and reports and ends nothing', async () => {
    const { time, inspect, events, rows } = await signedIn()
    time.advance(IDLE - 1)
    expect(await inspect()).toMatchObject({ outcome: 'alive', endedAt: null })
    time.advance(1)
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle', endedAt: time.now })
    expect([events, await rows()]).toEqual([[], 1])
  })

  it('tells on both sides of the absolute end', async () => {
    const { time, inspect } = await signedIn({ config: { idleTimeout: '1h', absoluteTimeout: '1h' } })
    time.advance(HOUR - 1)
    expect(await inspect()).toMatchObject({ outcome: 'alive' })
    time.advance(1)
    expect(await inspect()).toMatchObject({ outcome: 'expired_absolute', endedAt: time.now })
  })

  it('of a cookie that is refused reports nothing, unlike a request that comes with it', async () => {
    const { browser, inspect, events, typesOfEvents } = await signedIn()
    browser.cookie = 'A'.repeat(108)
    expect(await inspect()).toMatchObject({ outcome: 'not_a_ticket' })
    expect(events).toEqual([])
    await browser.visit()
    expect(typesOfEvents()).toEqual(['refused'])
  })

  it('remembers which clock it was when neither record nor tombstone say it any more', async () => {
    const { time, inspect, browser, session, lastKnown, driver } = await signedIn()
    lastKnown.sawSession(session.handle!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
    time.advance(IDLE)
    await browser.visit()
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle', endedAt: time.now })
    await driver.clear!('', {})
    expect(await inspect()).toMatchObject({ outcome: 'expired_idle' })
  })

  it('does not take what it remembers for the reason before that time has come', async () => {
    const { inspect, session, lastKnown, driver } = await signedIn()
    lastKnown.sawSession(session.handle!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
    await driver.clear!('', {})
    expect(await inspect()).toMatchObject({ outcome: 'no_record' })
  })

  it('tells of an end that the store has not taken yet', async () => {
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

  it('throws on what is no outage', async () => {
    const { inspect, engine } = await signedIn()
    Object.assign(engine.store, { ask: () => Promise.reject(new TypeError('a mistake')) })
    await expect(inspect()).rejects.toThrow('a mistake')
  })
})

it('forgets the oldest session and the oldest host when there are too many', () => {
  const lastKnown = new LastKnown()
  for (let i = 0; i <= 1000; i++) lastKnown.sawSession(handleOf(String(i)), { idle: 1, absolute: 2 })
  for (const host of 'ihgfedcba') lastKnown.gaveCookieAt(host)
  expect([lastKnown.endsOf(handleOf('0')), lastKnown.endsOf(handleOf('1')), lastKnown.hosts]).toEqual([undefined, { idle: 1, absolute: 2 }, [...'abcdefgh']])
})
