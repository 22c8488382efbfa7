import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sqliteDriver } from '../../../layers/session/server/drivers/sqlite'
import type { LiveSession } from '../../../layers/session/server/engine/record'
import { LiveSessions } from '../../../layers/session/server/internal/live-sessions'
import type { LiveEvent } from '../../../layers/session/server/internal/live-sessions'
import type { AtomicDriver } from '../../../layers/session/server/engine/store'
import type { Bench, TestBrowser } from '../../support/engine'
import { HOUR, MINUTE, makeBench, newRing } from '../../support/engine'
import { makeDirectory } from '../../support/directory'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { probe } from '../../support/probe-driver'

const IDLE = 30 * MINUTE
const PATIENCE = { timeout: 5000 }

let bench: Bench
let live: LiveSessions

beforeEach(() => {
  vi.useFakeTimers()
  bench = makeBench({ time })
  live = new LiveSessions(bench.engine)
})
afterEach(() => {
  live.close()
  vi.useRealTimers()
})

/** One time for the engine and the timers. */
const time = {
  get now() {
    return Date.now()
  },
  advance: (milliseconds: number) => void vi.setSystemTime(Date.now() + milliseconds),
}

function pass(milliseconds: number) {
  return vi.advanceTimersByTimeAsync(milliseconds)
}

async function signedIn(owner = 'ada') {
  const browser = bench.browser()
  const { session } = await browser.visit()
  await session.signIn(owner)
  return { browser, session, live: await sessionOf(browser) }
}

async function sessionOf(browser: TestBrowser): Promise<LiveSession> {
  return (await bench.engine.load(browser.header))!.live
}

function watch(session: LiveSession) {
  const told: LiveEvent[] = []
  return { told, stop: live.watch(session, event => void told.push(event)) }
}

describe('whoever watches a session', () => {
  it('is told of its end once, and of nothing after that', async () => {
    const { live: session, session: { handle } } = await signedIn()
    const { told } = watch(session)
    live.ended(handle!, 'revoked')
    live.ended(handle!, 'revoked')
    live.changed('ada')
    expect(told).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is told nothing of other sessions, nor after leaving', async () => {
    const [mine, other] = [await signedIn(), await signedIn('bob')]
    const { told, stop } = watch(mine.live)
    live.ended(other.session.handle!, 'revoked')
    live.changed('bob')
    stop!()
    live.ended(mine.session.handle!, 'revoked')
    expect(told).toEqual([])
  })

  it('is told when its user\'s sessions change', async () => {
    const { told } = watch((await signedIn()).live)
    live.changed('ada')
    expect(told).toEqual([{ type: 'changed' }])
  })

  it('is told that the session has expired, on time', async () => {
    const { told } = watch((await signedIn()).live)
    await pass(IDLE - 1)
    expect(told).toEqual([])
    await pass(2)
    expect(told).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('is not told so while the session is used', async () => {
    const { live: session } = await signedIn()
    const { told } = watch(session)
    await pass(IDLE - MINUTE)
    await bench.engine.touch(session)
    await pass(IDLE - 1)
    expect(told).toEqual([])
    await pass(2)
    expect(told).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('learns of an end that came between reading the session and watching it', async () => {
    const { live: session } = await signedIn()
    await bench.engine.removals.remove(session.key, 'revoked')
    const { told } = watch(session)
    await pass(1)
    expect(told).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is not told of an end because the store does not answer', async () => {
    const store = probe(memoryDriver())
    bench = makeBench({ time, driver: store.driver })
    live = new LiveSessions(bench.engine)
    const { told } = watch((await signedIn()).live)
    store.fail('read')
    await pass(IDLE)
    expect(told).toEqual([])
    store.heal()
    await pass(MINUTE)
    expect(told).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('is asked to leave when the server stops, after which nobody may watch', async () => {
    const { live: session } = await signedIn()
    const { told } = watch(session)
    live.close()
    expect(told).toEqual([{ type: 'shutdown' }])
    expect(watch(session).stop).toBeNull()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('at most eight may watch one session, and a place that is left is free', async () => {
  const { live: session } = await signedIn()
  const watches = Array.from({ length: 8 }, () => watch(session))
  expect(watch(session).stop).toBeNull()
  expect(watch((await signedIn()).live).stop).not.toBeNull()
  watches[0]!.stop!()
  expect(watch(session).stop).not.toBeNull()
})

it('an absolute end far away is waited for in one piece or several', async () => {
  bench = makeBench({ time, config: { idleTimeout: '60d', absoluteTimeout: '60d' } })
  live = new LiveSessions(bench.engine)
  const { told } = watch((await signedIn()).live)
  await pass(60 * 24 * HOUR - 1)
  expect(told).toEqual([])
  await pass(2)
  expect(told).toEqual([{ type: 'ended', reason: 'expired' }])
})

describe('what another process does to the store', () => {
  const directory = makeDirectory()
  let drivers: AtomicDriver[]
  let elsewhere: Bench

  beforeEach(() => {
    vi.useRealTimers()
    drivers = [0, 1].map(() => sqliteDriver({ path: directory.path('sessions.db') }))
    const ring = newRing()
    bench = makeBench({ time, ring, driver: drivers[0]! })
    live = new LiveSessions(bench.engine)
    elsewhere = makeBench({ time, ring, driver: drivers[1]! })
  })
  afterEach(() => {
    live.close()
    for (const driver of drivers) void driver.dispose?.()
    directory.remove()
  })

  it('is seen within a second: an end, with its reason', async () => {
    const { live: session } = await signedIn()
    const { told } = watch(session)
    await elsewhere.engine.removals.remove(session.key, 'revoked')
    await vi.waitFor(() => expect(told).toEqual([{ type: 'ended', reason: 'revoked' }]), PATIENCE)
  })

  it('is seen within a second: a sign-in of the same user', async () => {
    const { told } = watch((await signedIn()).live)
    const { session } = await elsewhere.browser().visit()
    await session.signIn('ada')
    await vi.waitFor(() => expect(told).toEqual([{ type: 'changed' }]), PATIENCE)
  })
})
