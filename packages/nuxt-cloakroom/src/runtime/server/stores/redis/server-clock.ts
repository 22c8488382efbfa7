import type { Clock } from '../../sessions/store'
import type { RedisClient } from './scripts'

const MEASURE_INTERVAL_MS = 10_000
/** Round trips per measurement: on a busy process or server some are slow, and only the fastest is precise. */
const ROUND_TRIPS = 5

/**
 * The clock of the Redis server, which all app servers share: its last reported time, plus the time that has passed
 * since by a monotonic clock. So a jump of this machine's own clock ends no session and revives none.
 *
 * It is never ahead of the server's clock, and behind it by `lag` at most, which is the fastest of a few round trips.
 * So two servers that each add the lag to the time of a sign-out everywhere, and not to that of a sign-in, agree on
 * which came first. Until the first measurement it is this machine's clock.
 */
export function serverClock(client: RedisClient): {
  clock: Clock
  lag: () => number
  measure: () => Promise<void>
  stop: () => void
} {
  let ahead: number | undefined
  let lag = 0

  async function measure() {
    let fastest = Infinity
    let measured: number | undefined
    for (let trip = 0; trip < ROUND_TRIPS; trip++) {
      const before = performance.now()
      const [seconds, micros] = await client.time()
      const after = performance.now()
      if (after - before >= fastest) continue
      fastest = after - before
      // The server read its clock at some moment before the reply arrived here.
      measured = Number(seconds) * 1000 + Number(micros) / 1000 - after
    }
    ahead = measured
    lag = Math.ceil(fastest) + 1 // The clock is rounded down.
  }

  // If the server does not respond, the last measurement stays the best one.
  const timer = setInterval(() => measure().catch(() => {}), MEASURE_INTERVAL_MS).unref()
  return {
    clock: () => ahead === undefined ? Date.now() : Math.floor(performance.now() + ahead),
    lag: () => lag,
    measure,
    stop: () => clearInterval(timer),
  }
}
