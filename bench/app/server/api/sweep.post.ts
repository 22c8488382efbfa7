import { sweep } from '#bench-root/layers/session/server/engine/sweeper'
import { sessionLayer } from '#bench-root/layers/session/server/internal/instance'

/** Sweeps now, as the layer does once a minute. */
export default defineEventHandler(async () => {
  const began = performance.now()
  const swept = await sweep(sessionLayer().engine)
  return { swept, ms: performance.now() - began }
})
