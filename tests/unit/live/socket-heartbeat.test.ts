import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SocketHeartbeat } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/socket-heartbeat'

const INTERVAL_MS = 25_000
const MAX_UNREAD_BYTES = 1024 * 1024

class FakeSocket extends EventEmitter {
  bufferedAmount = 0
  readonly ping = vi.fn()
  readonly terminate = vi.fn()
}

describe('SocketHeartbeat', () => {
  let heartbeat: SocketHeartbeat
  let socket: FakeSocket

  beforeEach(() => {
    vi.useFakeTimers()
    heartbeat = new SocketHeartbeat()
    socket = new FakeSocket()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('closes a socket that answers no ping within an interval', () => {
    heartbeat.watch(socket)
    vi.advanceTimersByTime(INTERVAL_MS)
    expect([socket.ping.mock.calls.length, socket.terminate.mock.calls.length]).toEqual([1, 0])
    vi.advanceTimersByTime(INTERVAL_MS)
    expect(socket.terminate).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(10 * INTERVAL_MS)
    expect(socket.terminate).toHaveBeenCalledTimes(1)
  })

  it.each(['pong', 'message'])('leaves one open from which a %s comes', (sign) => {
    heartbeat.watch(socket)
    for (let count = 0; count < 10; count++) {
      vi.advanceTimersByTime(INTERVAL_MS)
      socket.emit(sign)
    }
    expect(socket.terminate).not.toHaveBeenCalled()
  })

  it('closes a socket that sends a ping while more than the limit is unread', () => {
    heartbeat.watch(socket)
    socket.bufferedAmount = MAX_UNREAD_BYTES
    socket.emit('ping')
    expect(socket.terminate).not.toHaveBeenCalled()
    socket.bufferedAmount++
    socket.emit('message') // What an app sends to a slow client is the app's decision.
    expect(socket.terminate).not.toHaveBeenCalled()
    socket.emit('ping')
    expect(socket.terminate).toHaveBeenCalledTimes(1)
  })

  it('forgets a socket that is closed, and has no timer without one', () => {
    const stop = heartbeat.watch(socket)
    expect(vi.getTimerCount()).toBe(1)
    stop()
    socket.emit('pong')
    expect(vi.getTimerCount()).toBe(0)
    heartbeat.watch(new FakeSocket())
    expect(vi.getTimerCount()).toBe(1)
  })
})
