import '#nitro-internal-pollyfills'
import { setFlagsFromString } from 'node:v8'
import wsAdapter from 'crossws/adapters/node'
import { toNodeListener } from 'h3'
import { useNitroApp, useRuntimeConfig } from 'nitropack/runtime'
import { startScheduleRunner, trapUnhandledNodeErrors } from 'nitropack/runtime/internal/index'
import { serve } from './tls/serve.ts'

// Replaces Nitro's node-server entry, which serves HTTP by default and sets no timeouts. This file contains the parts
// that depend on Nitro; the server itself is in tls/. In addition to Nitro's `close`, it calls two hooks for the
// module: `session:listening` and `session:shutdown`.

// V8 learns which places in the code create long-lived objects, and then allocates those as old immediately. From a
// server's first requests it wrongly concludes that of everything that a request creates. Each later request then
// stays in memory until the next full garbage collection (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring')

const { env } = process
// Dependencies that are not bundled, for example Vue and its router, read it when the first page is rendered. Without
// it they would check, log and be as slow as in development.
env.NODE_ENV ||= 'production'

const nitroApp = useNitroApp()
// Nitro's types cover only its own hooks.
const hooks: { callHook: (name: string, argument?: unknown) => Promise<unknown> } = nitroApp.hooks as never

serve({
  env,
  basePath: useRuntimeConfig().app.baseURL,
  listener: toNodeListener(nitroApp.h3App),
  upgrade: import.meta._websocket ? wsAdapter(nitroApp.h3App.websocket).handleUpgrade : undefined,
  onListening: origins => hooks.callHook('session:listening', { origins }),
  onShutdown: () => hooks.callHook('session:shutdown'),
  onClosed: () => hooks.callHook('close'),
})
trapUnhandledNodeErrors() // Only now: an earlier error must end the process.
if (import.meta._tasks) startScheduleRunner()

export default {}
