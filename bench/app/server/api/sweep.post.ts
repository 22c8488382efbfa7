import { sweep } from '#bench-root/packages/nuxt-cloakroom/src/runtime/server/sessions/sweep'
import { useCloakroom } from '#bench-root/packages/nuxt-cloakroom/src/runtime/server/nitro/runtime'

/** Runs a sweep immediately; the module runs one every minute. */
export default defineEventHandler(async () => {
  const began = performance.now()
  const swept = await sweep(useCloakroom().engine)
  return { swept, ms: performance.now() - began }
})
