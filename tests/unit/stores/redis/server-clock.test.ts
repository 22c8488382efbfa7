import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RedisClient } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/scripts'
import { serverClock } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/server-clock'

/** Milliseconds by which the server's clock is ahead of this process's monotonic clock. */
const AHEAD_MS = 1_700_000_000_000

type RoundTrip = readonly [request: number, reply: number]

/** A server whose requests and replies take these milliseconds, over and over. */
function fakeServer(...trips: readonly RoundTrip[]) {
  let now = 1000
  let calls = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const client = {
    async time() {
      const [request, reply] = trips[calls++ % trips.length]!
      now += request
      const serverTime = now + AHEAD_MS
      now += reply
      return [Math.floor(serverTime / 1000), serverTime % 1000 * 1000]
    },
  } as unknown as RedisClient
  return { client, serverTime: () => now + AHEAD_MS }
}

describe('serverClock', () => {
  let stop: () => void

  afterEach(() => stop())

  /** By how many milliseconds the clock is behind the server's after one measurement, and the bound that it reports. */
  async function measureLag(...trips: readonly RoundTrip[]) {
    const { client, serverTime } = fakeServer(...trips)
    const server = serverClock(client)
    stop = server.stop
    await server.measure()
    return { lag: serverTime() - server.clock(), reported: server.lag() }
  }

  it.each([
    [[6, 0], 0],
    [[5, 5], 5],
    [[0, 6], 6],
  ] as const)('is behind by the time of the reply and never ahead, for the round trip %j', async (trip, lag) => {
    expect(await measureLag(trip)).toMatchObject({ lag })
  })

  it.each([
    [[6, 0]],
    [[5, 5]],
    [[0, 6]],
    [[0.4, 0.3]],
  ] as const)('reports a tight upper bound of its lag, for the round trip %j', async (trip) => {
    const { lag, reported } = await measureLag(trip)
    expect(lag).toBeGreaterThanOrEqual(0)
    expect(lag).toBeLessThanOrEqual(reported)
    expect(reported).toBeLessThanOrEqual(trip[0] + trip[1] + 2)
  })

  it('uses the fastest round trip', async () => {
    expect(await measureLag([80, 0], [1, 1], [0, 50])).toEqual({ lag: 1, reported: 3 })
    expect(await measureLag([0, 50], [80, 0], [1, 1])).toEqual({ lag: 1, reported: 3 })
  })
})
