import { defineNitroPlugin } from 'nitropack/runtime'
import { addComparisonRoutes } from '../compare/routes'
import { listen } from '../compare/listeners'
import { originsToCompare } from '../compare/page'
import { Runs } from '../compare/runs'
import { readComparison } from '../compare/settings'
import { startDiagnosis } from '../../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/start'
import { startOrExit, exitWith } from '../../../../server/tls/process'

/** How long a restarted development server waits for the ports of the previous one. */
const DEV_PATIENCE_MS = 10_000

/**
 * Starts the comparison's listeners, and adds its routes and the module's diagnosis, if `NUXT_COMPARE` enables them.
 * Otherwise it does nothing.
 */
export default defineNitroPlugin((nitroApp) => {
  if (import.meta.prerender) return
  const ports = startOrExit(() => readComparison(process.env))
  if (!ports) return
  const { router, hooks } = nitroApp
  startDiagnosis(nitroApp)
  const runs = new Runs()
  addComparisonRoutes(router, runs)
  hooks.hook('request', (event) => {
    event.context.compare = ports
    event.context.connectOrigins = originsToCompare(event, ports)
  })
  const closing = listen({ ports, runs, env: process.env, patienceMs: import.meta.dev ? DEV_PATIENCE_MS : 0 })
  closing.then(
    () => console.log(`Comparison on: open /compare; other origins on ports ${ports.sameSite} and ${ports.crossSite}`),
    (error: Error) => import.meta.dev ? console.error(error.message) : exitWith(error.message),
  )
  hooks.hook('close', () => closing.then(close => close(), () => undefined))
})
