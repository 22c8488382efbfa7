import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Connections } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/connections'
import type {
  ConnectionKind, ConnectionMessage,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/live/watched'
import { userTagOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import type { StoredSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import type { StoreChange } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { HOUR, MINUTE, createTestEngine, load } from '../../support/engine'
import type { TestEngine } from '../../support/engine'
import { eventually } from '../../support/eventually'
import { probe } from '../../support/probe-driver'

const IDLE = 30 * MINUTE

let bench: TestEngine
let connections: Connections

beforeEach(() => {
  vi.useFakeTimers()
  bench = createTestEngine({ time })
  connections = new Connections(bench.engine)
})
afterEach(() => {
  connections.close()
  vi.useRealTimers()
})

/** One time for the engine and the timers. */
const time = {
  get now() {
    return Date.now()
  },
  advance(milliseconds: number) {
    vi.setSystemTime(Date.now() + milliseconds)
  },
}

function pass(milliseconds: number) {
  return vi.advanceTimersByTimeAsync(milliseconds)
}

/** Signs a new browser in. Returns the session as the store holds it, and its public id. */
async function signIn(userId = 'ada') {
  const browser = bench.browser()
  const visit = await browser.visit()
  await visit.session.signIn(userId)
  const { session } = (await load(bench.engine, browser.header))!
  return { session, id: visit.session.id! }
}

function watch(session: StoredSession, kind?: ConnectionKind) {
  const messages: ConnectionMessage[] = []
  return { messages, stop: connections.watch(session, message => messages.push(message), kind) }
}

const emitEnded = (id: string) => connections.onSessionEvent({ type: 'ended', id, reason: 'revoked' })
const emitChanged = (userId: string) => connections.onSessionEvent({ type: 'sessions_changed', userId })

/** A store whose changes are reported by the test. */
function useReportingStore() {
  let listener: (change: StoreChange) => void = () => {}
  const store = probe(memoryDriver())
  store.driver.subscribe = (subscriber) => {
    listener = subscriber
    return () => {}
  }
  bench = createTestEngine({ time, driver: store.driver })
  connections = new Connections(bench.engine)
  return { store, report: (change: StoreChange) => listener(change) }
}

describe('a connection that watches a session', () => {
  it('is notified of the end of the session once, and of nothing after that', async () => {
    const { session, id } = await signIn()
    const { messages } = watch(session)
    emitEnded(id)
    emitEnded(id)
    emitChanged('ada')
    expect(messages).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is not notified about other sessions, nor after it has stopped', async () => {
    const [own, other] = [await signIn(), await signIn('bob')]
    const { messages, stop } = watch(own.session)
    emitEnded(other.id)
    emitChanged('bob')
    stop!()
    emitEnded(own.id)
    expect(messages).toEqual([])
  })

  it('is notified when the sessions of its user change', async () => {
    const { messages } = watch((await signIn()).session)
    emitChanged('ada')
    await pass(0)
    expect(messages).toEqual([{ type: 'changed' }])
  })

  it('is notified that its session has ended, if only the list of the user says so', async () => {
    const { session } = await signIn()
    const { messages } = watch(session)
    await pass(1)
    await bench.driver.remove(session.key, Date.now(), 'revoked')
    emitChanged('ada')
    await pass(0)
    expect(messages).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is notified of a sign-in and when its response has been sent, and of nothing after that', async () => {
    const { session, id } = await signIn()
    const { messages } = watch(session)
    const responseSent = Promise.resolve()
    connections.onSessionEvent({ type: 'signed_in', id, responseSent })
    emitEnded(id)
    expect(messages).toEqual([{ type: 'signed_in', responseSent }])
  })

  it('is notified that the session has expired at the moment when it does', async () => {
    const { messages } = watch((await signIn()).session)
    await pass(IDLE - 1)
    expect(messages).toEqual([])
    await pass(2)
    expect(messages).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('is not notified that the session has expired while the session is used', async () => {
    const { session } = await signIn()
    const { messages } = watch(session)
    await pass(IDLE - MINUTE)
    await bench.engine.touch(session)
    await pass(IDLE - 1)
    expect(messages).toEqual([])
    await pass(2)
    expect(messages).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('is notified of an end between reading the session and watching it', async () => {
    const { session } = await signIn()
    await bench.engine.removals.remove(session.key, 'revoked')
    const { messages } = watch(session)
    await pass(1)
    expect(messages).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is not notified of an end while the store does not respond', async () => {
    const store = probe(memoryDriver())
    bench = createTestEngine({ time, driver: store.driver })
    connections = new Connections(bench.engine)
    const { messages } = watch((await signIn()).session)
    store.fail('read')
    await pass(IDLE)
    expect(messages).toEqual([])
    store.recover()
    await pass(MINUTE)
    expect(messages).toEqual([{ type: 'ended', reason: 'expired' }])
  })

  it('is not notified if nothing has changed, but is of an end that the store reports during an outage', async () => {
    const { store, report } = useReportingStore()
    const { session } = await signIn()
    const { messages } = watch(session)
    await pass(1)
    report({ sessionKey: session.key })
    report({ sessionKey: 'no such session' })
    report({ userTag: 'no such user' })
    await pass(1)
    expect(messages).toEqual([])
    await bench.engine.removals.remove(session.key, 'revoked')
    store.fail()
    report({ sessionKey: session.key })
    report('unknown')
    await pass(1)
    expect(messages).toEqual([])
    store.recover()
    await pass(MINUTE)
    expect(messages.filter(({ type }) => type !== 'changed')).toEqual([{ type: 'ended', reason: 'revoked' }])
  })

  it('is notified of the end only if the store reports the end and the list at the same time', async () => {
    const { report } = useReportingStore()
    const [{ session }, other] = [await signIn(), await signIn()]
    const [ending, staying] = [watch(session), watch(other.session)]
    await pass(1)
    await bench.engine.removals.remove(session.key, 'revoked')
    report({ userTag: userTagOf('ada') })
    report({ sessionKey: session.key })
    await pass(1)
    expect(ending.messages).toEqual([{ type: 'ended', reason: 'revoked' }])
    expect(staying.messages).toEqual([{ type: 'changed' }])
  })

  it('is not notified of a change that the store reports before the user\'s sessions are first read', async () => {
    const { store, report } = useReportingStore()
    const [ada, bob] = [await signIn(), await signIn('bob')]
    const firstReading = store.hold('listByUser')
    const { messages } = watch(ada.session)
    await firstReading.reached
    watch(bob.session)
    await pass(1)
    const reads = store.count('read')
    report('unknown')
    await eventually(() => expect(store.count('listByUser')).toBeGreaterThan(2)) // Bob's list is being read again.
    firstReading.release()
    report('unknown') // The second check begins when the first one is complete.
    await eventually(() => expect(store.count('read')).toBe(reads + 4))
    expect(messages).toEqual([])
    await signIn()
    report('unknown')
    await eventually(() => expect(messages).toEqual([{ type: 'changed' }]))
  })

  it('is notified of the shutdown of the server, after which no connection may watch', async () => {
    const { session } = await signIn()
    const { messages } = watch(session)
    connections.close()
    expect(messages).toEqual([{ type: 'shutdown' }])
    expect(watch(session).stop).toBeNull()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it.each<[number, ConnectionKind]>([
  [8, 'stream'], [32, 'socket'],
])('at most %i connections of the kind %s watch a session, and another one when one has stopped', async (max, kind) => {
  const { session } = await signIn()
  const watches = Array.from({ length: max }, () => watch(session, kind))
  expect(watch(session, kind).stop).toBeNull()
  expect(watch((await signIn()).session, kind).stop).not.toBeNull()
  watches[0]!.stop!()
  expect(watch(session, kind).stop).not.toBeNull()
})

it('a connection is notified on time of an absolute timeout that is longer than the longest timer', async () => {
  bench = createTestEngine({ time, config: { idleTimeout: '60d', absoluteTimeout: '60d' } })
  connections = new Connections(bench.engine)
  const { messages } = watch((await signIn()).session)
  await pass(60 * 24 * HOUR - 1)
  expect(messages).toEqual([])
  await pass(2)
  expect(messages).toEqual([{ type: 'ended', reason: 'expired' }])
})
