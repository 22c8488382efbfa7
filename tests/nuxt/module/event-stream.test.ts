import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backOffDelay, followSession } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/event-stream'

/** An EventSource without a network: the test emits the server's events. */
class FakeEventSource extends EventTarget {
  static open: FakeEventSource[] = []
  constructor(readonly url: string) {
    super()
    FakeEventSource.open.push(this)
  }

  close() {
    FakeEventSource.open = FakeEventSource.open.filter(source => source !== this)
  }

  emit(type: string, data = {}) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }))
  }
}

const current = () => FakeEventSource.open.at(-1)!

function follow(respond: () => Promise<boolean | null> = async () => true) {
  const events: unknown[] = []
  const refresh = vi.fn(respond)
  const listener = { changed: () => events.push('changed'), ended: (reason: string) => events.push(reason), refresh }
  const stream = followSession('/shop/api/_session/events', listener)
  return { stream, events, refresh }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeEventSource)
  FakeEventSource.open = []
})
afterEach(() => vi.useRealTimers())

describe('followSession', () => {
  it('passes on the server\'s events, and closes the stream when the session ends', () => {
    const { stream, events } = follow()
    stream.open()
    current().emit('hello')
    current().emit('changed')
    current().emit('ended', { reason: 'revoked' })
    expect(events).toEqual(['changed', 'revoked'])
    expect(FakeEventSource.open).toEqual([])
  })

  it('keeps a single stream open, however often it is opened', () => {
    const { stream } = follow()
    stream.open()
    stream.open()
    expect(FakeEventSource.open).toHaveLength(1)
    expect(current().url).toBe('/shop/api/_session/events')
  })

  it('reconnects when the stream breaks, and then reports a change, because events may have been missed', async () => {
    const { stream, events } = follow()
    stream.open()
    current().emit('hello')
    current().emit('error')
    expect(FakeEventSource.open).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    current().emit('hello')
    expect(events).toEqual(['changed'])
  })

  it('does not reconnect when the session no longer exists', async () => {
    const { stream } = follow(async () => false)
    stream.open()
    current().emit('error')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeEventSource.open).toEqual([])
  })

  it('retries with back-off while the server does not respond, and at once with reconnectNow', async () => {
    const { stream, refresh } = follow(async () => null)
    stream.open()
    current().emit('error')
    await vi.advanceTimersByTimeAsync(10_000)
    const retries = refresh.mock.calls.length
    expect(retries).toBeGreaterThanOrEqual(3)
    expect(retries).toBeLessThanOrEqual(5)
    stream.reconnectNow()
    expect(refresh).toHaveBeenCalledTimes(retries + 1)
  })

  it('stays closed if the response to its refresh arrives after it was stopped', async () => {
    const late = Promise.withResolvers<boolean>()
    const { stream } = follow(() => late.promise)
    stream.open()
    current().emit('error')
    await vi.advanceTimersByTimeAsync(1000)
    stream.stop()
    late.resolve(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(FakeEventSource.open).toEqual([])
  })
})

describe('backOffDelay', () => {
  it('doubles up to 30 seconds, with a random part', () => {
    const delays = [0, 1, 2, 3, 4, 5, 20].map(attempt => backOffDelay(attempt, 1))
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(backOffDelay(0, 0)).toBe(500)
  })
})
