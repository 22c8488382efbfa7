import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { followSession, reconnectDelay } from '../../../layers/session/app/session/stream'

/** An EventSource without a network: the test speaks for the server. */
class FakeEventSource extends EventTarget {
  static open: FakeEventSource[] = []
  constructor(readonly url: string) {
    super()
    FakeEventSource.open.push(this)
  }

  close() {
    FakeEventSource.open = FakeEventSource.open.filter(source => source !== this)
  }

  says(type: string, data = {}) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }))
  }
}

const current = () => FakeEventSource.open.at(-1)!

function follow(ask: () => Promise<boolean | null> = async () => true) {
  const told: unknown[] = []
  const asked = vi.fn(ask)
  const stream = followSession({ changed: () => told.push('changed'), ended: reason => told.push(reason), ask: asked })
  return { stream, told, asked }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeEventSource)
  FakeEventSource.open = []
})
afterEach(() => vi.useRealTimers())

describe('following a session', () => {
  it('passes on what the server says', () => {
    const { stream, told } = follow()
    stream.open()
    current().says('hello')
    current().says('changed')
    current().says('ended', { reason: 'revoked' })
    expect(told).toEqual(['changed', 'revoked'])
    expect(FakeEventSource.open).toEqual([])
  })

  it('keeps one stream open, however often it is opened', () => {
    const { stream } = follow()
    stream.open()
    stream.open()
    expect(FakeEventSource.open).toHaveLength(1)
    expect(current().url).toBe('/api/_session/events')
  })

  it('comes back after a break, and then tells that something may have changed', async () => {
    const { stream, told } = follow()
    stream.open()
    current().says('hello')
    current().says('error')
    expect(FakeEventSource.open).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    current().says('hello')
    expect(told).toEqual(['changed'])
  })

  it('does not come back when there is no session any more', async () => {
    const { stream } = follow(async () => false)
    stream.open()
    current().says('error')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeEventSource.open).toEqual([])
  })

  it('asks ever more rarely while nobody answers, and at once when it is hurried', async () => {
    const { stream, asked } = follow(async () => null)
    stream.open()
    current().says('error')
    await vi.advanceTimersByTimeAsync(10_000)
    const tries = asked.mock.calls.length
    expect(tries).toBeGreaterThanOrEqual(3)
    expect(tries).toBeLessThanOrEqual(5)
    stream.hurry()
    expect(asked).toHaveBeenCalledTimes(tries + 1)
  })

  it('is not brought back by an answer that comes after it was stopped', async () => {
    const late = Promise.withResolvers<boolean>()
    const { stream } = follow(() => late.promise)
    stream.open()
    current().says('error')
    await vi.advanceTimersByTimeAsync(1000)
    stream.stop()
    late.resolve(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(FakeEventSource.open).toEqual([])
  })
})

describe('the wait before another try', () => {
  it('doubles up to half a minute, and is never the same for everybody', () => {
    expect([0, 1, 2, 3, 4, 5, 20].map(attempt => reconnectDelay(attempt, 1))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(reconnectDelay(0, 0)).toBe(500)
  })
})
