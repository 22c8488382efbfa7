import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ListenerWatch, closeBeforeExit,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/server-stop'

const close = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  close.mockClear()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('ListenerWatch', () => {
  const socketOf = (server?: { listening: boolean }) => ({ server }) as unknown as Socket

  it('closes the connections when their server no longer listens', () => {
    const server = { listening: true }
    const watch = new ListenerWatch({ close })
    watch.watch(socketOf(server))
    vi.advanceTimersByTime(60_000)
    expect(close).not.toHaveBeenCalled()
    server.listening = false
    vi.advanceTimersByTime(500)
    expect(close).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits for the last of several servers', () => {
    const [http, https] = [{ listening: true }, { listening: true }]
    const watch = new ListenerWatch({ close })
    watch.watch(socketOf(http))
    watch.watch(socketOf(https))
    http.listening = false
    vi.advanceTimersByTime(1000)
    expect(close).not.toHaveBeenCalled()
    https.listening = false
    vi.advanceTimersByTime(500)
    expect(close).toHaveBeenCalledOnce()
  })

  it('has one timer for each server, and none for a call that the server makes to itself', () => {
    const server = { listening: true }
    const watch = new ListenerWatch({ close })
    for (let i = 0; i < 3; i++) watch.watch(socketOf(server))
    watch.watch(socketOf())
    watch.watch(socketOf({ listening: false })) // Of a test, or of code that passes sockets on.
    expect(vi.getTimerCount()).toBe(1)
  })
})

describe('closeBeforeExit', () => {
  it('closes the connections, and lets the signal end a process that nothing else keeps', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    closeBeforeExit({ close }, ['SIGUSR2'])
    process.emit('SIGUSR2')
    expect(close).toHaveBeenCalledOnce()
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGUSR2')
  })

  it('leaves the end to the server if it listens for the signal as well', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    closeBeforeExit({ close }, ['SIGUSR2'])
    const order = new EventEmitter()
    const stop = vi.fn(() => order.emit('stop', close.mock.calls.length))
    const closedBefore = vi.fn()
    order.on('stop', closedBefore)
    process.once('SIGUSR2', stop)
    process.once('SIGUSR2', () => {})
    process.emit('SIGUSR2')
    expect(closedBefore).toHaveBeenCalledWith(1)
    expect(kill).not.toHaveBeenCalled()
  })
})
