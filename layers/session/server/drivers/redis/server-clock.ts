import type { Clock } from '../../engine/clock'
import type { RedisClient } from './scripts'

const MEASURE_EVERY_MS = 10_000
/** So often each time: of a busy process or server some answers are late, and only the quickest says much. */
const QUESTIONS = 5

/**
 * The clock of the Redis server, which all app servers share: the time it told last, plus what has passed here since, by a
 * clock that nobody can set. So a jump of this machine's own clock ends no session and revives none (K6).
 *
 * It is never ahead of the server's and behind it by `lag` at most, which is the quickest of a few round trips. So two servers that each add it to the time of a
 * sign-out everywhere, and not to that of a sign-in, agree that a sign-in came first which did. Until it is first measured it is this machine's clock.
 */
export function serverClock(client: RedisClient): { clock: Clock, lag: () => number, measure: () => Promise<void>, stop: () => void } {
  let ahead: number | undefined
  let lag = 0
  async function measure() {
    let quickest = Infinity
    let measured: number | undefined
    for (let question = 0; question < QUESTIONS; question++) {
      const before = performance.now()
      const [seconds, micros] = await client.time()
      const after = performance.now()
      if (after - before >= quickest) continue
      quickest = after - before
      // The server told it before it came here; how long before, nobody knows.
      measured = Number(seconds) * 1000 + Number(micros) / 1000 - after
    }
    ahead = measured
    lag = Math.ceil(quickest) + 1 // The clock is rounded down.
  }
  // While the server does not answer, the last measurement stays the best there is.
  const timer = setInterval(() => measure().catch(() => {}), MEASURE_EVERY_MS).unref()
  return {
    clock: () => ahead === undefined ? Date.now() : Math.floor(performance.now() + ahead),
    lag: () => lag,
    measure,
    stop: () => clearInterval(timer),
  }
}
