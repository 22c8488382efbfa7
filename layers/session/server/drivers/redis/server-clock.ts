import type { Clock } from '../../engine/clock'
import type { RedisClient } from './scripts'

const MEASURE_EVERY_MS = 10_000
/** So often each time: of a busy process or server some answers are late, and only the quickest says much. */
const QUESTIONS = 5

/**
 * The clock of the Redis server, which all app servers share: the time it told last, plus what has passed here since, by a
 * clock that nobody can set. So a jump of this machine's own clock ends no session and revives none (K6). Its error is half
 * the quickest of a few round trips: by so much two servers may differ over which came first, a sign-in or a sign-out everywhere. Until it is first measured it is this machine's clock.
 */
export function serverClock(client: RedisClient): { clock: Clock, measure: () => Promise<void>, stop: () => void } {
  let ahead: number | undefined
  async function measure() {
    let quickest = Infinity
    let measured: number | undefined
    for (let question = 0; question < QUESTIONS; question++) {
      const before = performance.now()
      const [seconds, micros] = await client.time()
      const after = performance.now()
      if (after - before >= quickest) continue
      quickest = after - before
      measured = Number(seconds) * 1000 + Number(micros) / 1000 - (before + after) / 2
    }
    ahead = measured
  }
  // While the server does not answer, the last measurement stays the best there is.
  const timer = setInterval(() => measure().catch(() => {}), MEASURE_EVERY_MS).unref()
  return {
    clock: () => ahead === undefined ? Date.now() : Math.round(performance.now() + ahead),
    measure,
    stop: () => clearInterval(timer),
  }
}
