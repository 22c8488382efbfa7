import type { Clock } from '../../engine/clock'
import type { RedisClient } from './scripts'

const MEASURE_EVERY_MS = 10_000

/**
 * The clock of the Redis server, as all app servers share it: this machine's clock plus the offset last measured. Its
 * error is half a round trip; until it is first measured the offset is 0.
 */
export function serverClock(client: RedisClient): { clock: Clock, stop: () => void } {
  let offset = 0
  async function measure() {
    const before = Date.now()
    const [seconds, micros] = await client.time()
    const after = Date.now()
    offset = Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - (before + after) / 2)
  }
  // While the server does not answer, the last offset stays the best there is.
  const tryMeasure = () => measure().catch(() => {})
  client.on('ready', tryMeasure)
  const timer = setInterval(tryMeasure, MEASURE_EVERY_MS).unref()
  return { clock: () => Date.now() + offset, stop: () => clearInterval(timer) }
}
