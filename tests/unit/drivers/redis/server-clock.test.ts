import { afterEach, describe, expect, it, vi } from 'vitest'
import { serverClock } from '../../../../layers/session/server/drivers/redis/server-clock'
import type { RedisClient } from '../../../../layers/session/server/drivers/redis/scripts'

/** The server's clock is so far ahead of this process's own, in milliseconds. */
const AHEAD = 1_700_000_000_000

/** A server at the other end of a line on which each question and each answer takes as long as said, over and over. */
function serverBehind(...trips: readonly [there: number, back: number][]) {
  let now = 1000
  let asked = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const client = {
    async time() {
      const [there, back] = trips[asked++ % trips.length]!
      now += there
      const told = now + AHEAD
      now += back
      return [Math.floor(told / 1000), told % 1000 * 1000]
    },
  } as unknown as RedisClient
  return { client, trueTime: () => now + AHEAD }
}

describe('the clock of a Redis server', () => {
  let stop: () => void
  afterEach(() => stop())

  async function errorOver(...trips: readonly [number, number][]) {
    const { client, trueTime } = serverBehind(...trips)
    const server = serverClock(client)
    stop = server.stop
    await server.measure()
    return Math.abs(server.clock() - trueTime())
  }

  it('is right where both ways take as long', async () => {
    expect(await errorOver([5, 5])).toBe(0)
  })

  it('is off by half a round trip at most', async () => {
    expect(await errorOver([6, 0])).toBe(3)
    expect(await errorOver([0, 6])).toBe(3)
  })

  it('goes by the quickest answer: one that was late says little', async () => {
    expect(await errorOver([80, 0], [1, 1], [0, 50])).toBe(0)
    expect(await errorOver([0, 50], [80, 0], [1, 1])).toBe(0)
  })
})
