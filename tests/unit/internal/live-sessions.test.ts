import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownerTagOf } from '../../../layers/session/server/engine/identity'
import type { LiveSession } from '../../../layers/session/server/engine/record'
import { LiveSessions } from '../../../layers/session/server/internal/live-sessions'
import type { LiveEvent } from '../../../layers/session/server/internal/live-sessions'
import type { StoreNews } from '../../../layers/session/server/engine/store'
import type { Bench, TestBrowser } from '../../support/engine'
import { HOUR, MINUTE, makeBench } from '../../support/engine'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { probe } from '../../support/probe-driver'

const IDLE = 30 * MINUTE

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

/** A store whose news the test tells. */
function withNews() {
  let hear: (news: StoreNews) => void = () => {}
  const store = probe(memoryDriver())
  store.driver.listen = (listener) => {
    hear = listener
    return () => {}
  }
  bench = makeBench({ time, driver: store.driver })
  live = new LiveSessions(bench.engine)
  return { store, hear: (news: StoreNews) => hear(news) }
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

  it('is not told twice what it has been told, but is of an end that the store\'s news were too early for', async () => {
    const { store, hear } = withNews()
    const { live: session } = await signedIn()
    const { told } = watch(session)
    await pass(1)
    hear({ session: session.key })
    hear({ session: 'no such session' })
    hear({ owner: 'nobody' })
    await pass(1)
    expect(told).toEqual([])
    await bench.engine.removals.remove(session.key, 'revoked')
    store.fail()
    hear({ session: session.key })
    hear('anything')
    await pass(1)
    expect(told).toEqual([])
    store.heal()
    await pass(MINUTE)
    expect(told.filter(({ type }) => type !== 'changed')).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is told of the end alone when the store tells of it and of the list in one breath', async () => {
    const { hear } = withNews()
    const [{ live: session }, other] = [await signedIn(), await signedIn()]
    const [ending, staying] = [watch(session), watch(other.live)]
    await pass(1)
    await bench.engine.removals.remove(session.key, 'revoked')
    hear({ owner: ownerTagOf('ada') })
    hear({ session: session.key })
    await pass(1)
    expect(ending.told).toEqual([{ type: 'ended', reason: 'revoked' }])
    expect(staying.told).toEqual([{ type: 'changed' }])
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
