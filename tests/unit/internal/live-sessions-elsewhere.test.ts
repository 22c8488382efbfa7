import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LiveSession } from '../../../layers/session/server/engine/record'
import type { AtomicDriver } from '../../../layers/session/server/engine/store'
import { LiveSessions } from '../../../layers/session/server/internal/live-sessions'
import type { LiveEvent } from '../../../layers/session/server/internal/live-sessions'
import type { Bench } from '../../support/engine'
import { makeBench, newRing } from '../../support/engine'
import { storeKinds } from '../../support/stores'
import { eventually } from '../../support/eventually'

/** For a busy machine; most often it takes a moment. */

/** The engine's, the timers' and the stores' own. */
const realTime = {
  get now() {
    return Date.now()
  },
  advance: () => {},
}

describe.each(storeKinds.filter(({ shared, skip }) => shared && !skip))('what another process does to $name', ({ prepare }) => {
  let room: Awaited<ReturnType<typeof prepare>>
  let drivers: AtomicDriver[]
  let bench: Bench
  let elsewhere: Bench
  let live: LiveSessions

  beforeEach(async () => {
    room = await prepare()
    drivers = [room.open(), room.open()]
    const ring = newRing()
    bench = makeBench({ ring, time: realTime, driver: drivers[0]! })
    live = new LiveSessions(bench.engine)
    elsewhere = makeBench({ ring, time: realTime, driver: drivers[1]! })
  })
  afterEach(async () => {
    live.close()
    for (const driver of drivers) await driver.dispose?.()
    await room.dispose()
  })

  async function signedIn(owner = 'ada') {
    const browser = bench.browser()
    await (await browser.visit()).session.signIn(owner)
    return { browser, live: (await bench.engine.load(browser.header))!.live }
  }

  function watch(session: LiveSession) {
    const told: LiveEvent[] = []
    live.watch(session, event => void told.push(event))
    return { told }
  }

  it('is seen: an end, with its reason', async () => {
    const { live: session } = await signedIn()
    const { told } = watch(session)
    await elsewhere.engine.removals.remove(session.key, 'revoked')
    await eventually(() => expect(told.at(-1)).toEqual({ type: 'ended', reason: 'revoked' }))
  })

  it('is seen: a sign-in of the same user', async () => {
    const { told } = watch((await signedIn()).live)
    const { session } = await elsewhere.browser().visit()
    await session.signIn('ada')
    await eventually(() => expect(told).toContainEqual({ type: 'changed' }))
  })

  it('is seen: the same session becoming another user\'s', async () => {
    const { browser, live: session } = await signedIn()
    const { told } = watch(session)
    const { session: there } = await elsewhere.browser().visit()
    await there.signIn('bob')
    const guest = elsewhere.browser()
    guest.cookie = browser.cookie
    await (await guest.visit()).session.signIn('bob')
    await eventually(() => expect(told.at(-1)).toEqual({ type: 'signed_in' }))
  })

  it('is seen: all sessions of a user ending, who is told of nothing else', async () => {
    const sessions = [await signedIn(), await signedIn()]
    const watches = sessions.map(({ live }) => watch(live))
    const other = elsewhere.browser()
    other.cookie = sessions[0]!.browser.cookie
    await (await other.visit()).session.revokeAll()
    await eventually(() => expect(watches.map(({ told }) => told)).toEqual(sessions.map(() => [{ type: 'ended', reason: 'revoked' }])))
  })

  it('is seen of each of many sessions, and nothing is told to the others', async () => {
    const sessions = await Promise.all(Array.from({ length: 250 }, (_, i) => signedIn(`user ${i}`)))
    const watches = sessions.map(({ live }) => watch(live))
    const ending = sessions.slice(0, 125)
    await Promise.all(ending.map(({ live }) => elsewhere.engine.removals.remove(live.key, 'revoked')))
    await eventually(() => expect(watches.slice(0, 125).map(({ told }) => told.at(-1)?.type)).toEqual(ending.map(() => 'ended')))
    expect(watches.slice(125).flatMap(({ told }) => told)).toEqual([])
  })
})
