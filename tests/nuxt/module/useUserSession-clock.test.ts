import { until } from '@vueuse/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { onNuxtReady } from '#imports'
import { inComponent, resetServer, server } from '../support/session-server'
import { HOUR, NOW } from '../support/views'
import { eventually } from '../../support/eventually'

const TICK_MS = 500

let session: Awaited<ReturnType<typeof inComponent>>['session']

/** The clock's interval starts with the first component and runs until the end of the file, so time is faked once. */
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'], now: NOW });
  ({ session } = await inComponent())
  // Until the app is ready, the clock stands still and nothing is retried.
  const onReady = vi.fn()
  onNuxtReady(onReady)
  await eventually(() => expect(onReady).toHaveBeenCalled())
})

afterAll(() => vi.useRealTimers())

beforeEach(async () => {
  await resetServer()
  Object.assign(server, { userId: 'ada', id: 'h1' })
})

describe('now', () => {
  it.each([-HOUR, 0, HOUR])('advances with the server\'s clock, %d ms off the browser\'s', async (skew) => {
    server.skew = skew
    await session.fetch()
    expect(session.now.value).toBe(Date.now() + skew)
    await vi.advanceTimersByTimeAsync(20 * TICK_MS)

    expect(session.now.value).toBeLessThanOrEqual(Date.now() + skew)
    expect(session.now.value).toBeGreaterThan(Date.now() + skew - TICK_MS)
  })

  it('is corrected by each response', async () => {
    await session.fetch()
    server.skew = HOUR
    await session.fetch()
    expect(session.now.value).toBe(Date.now() + HOUR)
    server.skew = -HOUR
    await session.fetch()

    expect(session.now.value).toBe(Date.now() - HOUR)
  })

  it('runs on without a session and during an outage', async () => {
    await session.fetch()
    await session.clear()
    server.isDown = true
    await session.fetch()
    const before = session.now.value
    await vi.advanceTimersByTimeAsync(20 * TICK_MS)

    expect(session.now.value).toBeGreaterThan(before + 19 * TICK_MS)
    expect(session.now.value).toBeLessThanOrEqual(Date.now())
  })
})

describe('retryIn', () => {
  /** Without random, the back-off is 500 ms, then 1000 ms, then 2000 ms. */
  beforeEach(async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    server.skew = HOUR
    await session.fetch()
    await vi.advanceTimersByTimeAsync(TICK_MS)
    server.requests = 0
  })

  async function failToFetch() {
    server.isDown = true
    await session.fetch()
    await nextTick()
  }

  it('is null while requests succeed', async () => {
    expect(session.retryIn.value).toBeNull()
    await vi.advanceTimersByTimeAsync(20 * TICK_MS)
    await session.fetch()
    await nextTick()

    expect([session.retryIn.value, session.stale.value]).toEqual([null, false])
  })

  it('counts down to each retry of a failed request, and is null once a retry has succeeded', async () => {
    await failToFetch()
    expect([session.retryIn.value, session.stale.value, server.requests]).toEqual([500, true, 1])
    await vi.advanceTimersByTimeAsync(499)
    expect(server.requests).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await until(session.retryIn).toBe(1000)
    expect(server.requests).toBe(2)
    await vi.advanceTimersByTimeAsync(TICK_MS)
    expect(session.retryIn.value).toBe(500)
    await vi.advanceTimersByTimeAsync(TICK_MS)
    await until(session.retryIn).toBe(2000)
    expect(server.requests).toBe(3)

    server.isDown = false
    await vi.advanceTimersByTimeAsync(1500)
    expect([session.retryIn.value, session.stale.value]).toEqual([500, true])
    await vi.advanceTimersByTimeAsync(TICK_MS)
    expect(session.retryIn.value).toBeNull()
    await until(session.stale).toBe(false)
    expect([session.retryIn.value, server.requests]).toEqual([null, 4])
  })

  it('is null after the app itself has fetched the session, and no retry follows', async () => {
    await failToFetch()
    server.isDown = false
    await session.fetch()
    await nextTick()
    expect([session.retryIn.value, server.requests]).toEqual([null, 2])
    await vi.advanceTimersByTimeAsync(60_000)

    expect(server.requests).toBe(2)
  })

  it.each([
    {
      state: 'the browser is offline',
      leave: () => window.dispatchEvent(new Event('offline')),
      comeBack: () => window.dispatchEvent(new Event('online')),
    },
    {
      state: 'the tab is hidden',
      leave() {
        vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
        document.dispatchEvent(new Event('visibilitychange'))
      },
      comeBack() {
        vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
        document.dispatchEvent(new Event('visibilitychange'))
      },
    },
  ])('is null while $state, when nothing is retried, and starts again on return', async ({ leave, comeBack }) => {
    await failToFetch()
    expect(session.retryIn.value).toBe(500)
    leave()
    await nextTick()
    expect([session.retryIn.value, session.stale.value]).toEqual([null, true])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.requests).toBe(1)

    comeBack()
    await nextTick()
    expect(session.retryIn.value).toBe(500)
    await vi.advanceTimersByTimeAsync(TICK_MS)
    await until(session.retryIn).toBe(1000)
    expect(server.requests).toBe(3) // Failed, then at once on return, then the retry.
  })
})
