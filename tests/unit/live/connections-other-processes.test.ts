import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Connections } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/connections'
import type { ConnectionMessage } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/watched'
import type { StoredSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import type { AtomicDriver, StoreChange } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { createTestEngine, load, newRing } from '../../support/engine'
import type { TestEngine } from '../../support/engine'
import { eventually } from '../../support/eventually'
import { storeKinds } from '../../support/stores'

/** The time of the stores and the timers, which no test can set. */
const realTime = {
  get now() {
    return Date.now()
  },
  advance: () => {},
}

const sharedKinds = storeKinds.filter(({ shared, skip }) => shared && !skip)

describe.each(sharedKinds)('a connection is notified if another process that shares $name', ({ prepare }) => {
  let room: Awaited<ReturnType<typeof prepare>>
  let drivers: AtomicDriver[]
  let here: TestEngine
  let elsewhere: TestEngine
  let connections: Connections

  beforeEach(async () => {
    room = await prepare()
    drivers = [room.open(), room.open()]
    const ring = newRing()
    here = createTestEngine({ ring, time: realTime, driver: drivers[0]! })
    elsewhere = createTestEngine({ ring, time: realTime, driver: drivers[1]! })
    connections = new Connections(here.engine)
    await subscribeToStore()
  })
  afterEach(async () => {
    connections.close()
    for (const driver of drivers) await driver.dispose?.()
    await room.dispose()
  })

  /**
   * Waits until the store reports changes, then lets the connections subscribe. Redis reports `unknown` once when it
   * has subscribed; later, that would look like a change. SQLite reports `unknown` for the write.
   */
  async function subscribeToStore() {
    const changes: StoreChange[] = []
    const unsubscribe = drivers[0]!.subscribe!(change => changes.push(change))
    await (await elsewhere.browser().visit()).session.signIn('carol')
    await eventually(() => expect(changes).toContain('unknown'))
    watch((await signIn('carol')).session)
    unsubscribe() // The connections are subscribed now, so a subscription that both share stays open.
  }

  /** Signs a new browser in. Returns the session as the store holds it. */
  async function signIn(userId = 'ada') {
    const browser = here.browser()
    await (await browser.visit()).session.signIn(userId)
    return { browser, session: (await load(here.engine, browser.header))!.session }
  }

  function watch(session: StoredSession) {
    const messages: ConnectionMessage[] = []
    connections.watch(session, message => messages.push(message))
    return messages
  }

  it('ends the session, with the reason', async () => {
    const { session } = await signIn()
    const messages = watch(session)
    await elsewhere.engine.removals.remove(session.key, 'revoked')
    await eventually(() => expect(messages.at(-1)).toEqual({ type: 'ended', reason: 'revoked' }))
  })

  it('signs the same user in', async () => {
    const messages = watch((await signIn()).session)
    const { session } = await elsewhere.browser().visit()
    await session.signIn('ada')
    await eventually(() => expect(messages).toContainEqual({ type: 'changed' }))
  })

  it('signs another user in with the same session', async () => {
    const { browser, session } = await signIn()
    const messages = watch(session)
    const other = await elsewhere.browser().visit()
    await other.session.signIn('bob')
    const sameBrowser = elsewhere.browser()
    sameBrowser.cookie = browser.cookie
    await (await sameBrowser.visit()).session.signIn('bob')
    await eventually(() => expect(messages.at(-1)).toEqual({ type: 'signed_in' }))
  })

  it('ends all sessions of the user, and of nothing else', async () => {
    const signedIn = [await signIn(), await signIn()]
    const messages = signedIn.map(({ session }) => watch(session))
    const sameBrowser = elsewhere.browser()
    sameBrowser.cookie = signedIn[0]!.browser.cookie
    await (await sameBrowser.visit()).session.revokeAll()
    const ended = [{ type: 'ended', reason: 'revoked' }]
    await eventually(() => expect(messages).toEqual([ended, ended]))
  })

  it('ends one of many sessions, and connections of the other sessions are not notified', async () => {
    const signedIn = await Promise.all(Array.from({ length: 250 }, (_, i) => signIn(`user ${i}`)))
    const messages = signedIn.map(({ session }) => watch(session))
    const ending = signedIn.slice(0, 125)
    await Promise.all(ending.map(({ session }) => elsewhere.engine.removals.remove(session.key, 'revoked')))
    await eventually(() =>
      expect(messages.slice(0, 125).map(received => received.at(-1)?.type)).toEqual(ending.map(() => 'ended')))
    expect(messages.slice(125).flat()).toEqual([])
  })
})
