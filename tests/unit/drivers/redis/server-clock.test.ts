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

  /** By how much it is behind after so many round trips, and by how much it says it may be. */
  async function lagOver(...trips: readonly [number, number][]) {
    const { client, trueTime } = serverBehind(...trips)
    const server = serverClock(client)
    stop = server.stop
    await server.measure()
    return { lag: trueTime() - server.clock(), most: server.lag() }
  }

  it.each([[[6, 0], 0], [[5, 5], 5], [[0, 6], 6]] as const)('is behind by the way back, and never ahead, over %j', async (trip, lag) => {
    expect(await lagOver([...trip])).toMatchObject({ lag })
  })

  it.each([[[6, 0]], [[5, 5]], [[0, 6]], [[0.4, 0.3]]] as const)('says by how much it may be behind at most, over %j', async (trip) => {
    const { lag, most } = await lagOver([...trip])
    expect(lag).toBeGreaterThanOrEqual(0)
    expect(lag).toBeLessThanOrEqual(most)
    expect(most).toBeLessThanOrEqual(trip[0] + trip[1] + 2)
  })

  it('goes by the quickest answer: one that was late says little', async () => {
    expect(await lagOver([80, 0], [1, 1], [0, 50])).toEqual({ lag: 1, most: 3 })
    expect(await lagOver([0, 50], [80, 0], [1, 1])).toEqual({ lag: 1, most: 3 })
  })
})
