import '#nitro-internal-pollyfills'
import { setFlagsFromString } from 'node:v8'
import wsAdapter from 'crossws/adapters/node'
import { toNodeListener } from 'h3'
import { useNitroApp, useRuntimeConfig } from 'nitropack/runtime'
import { startScheduleRunner, trapUnhandledNodeErrors } from 'nitropack/runtime/internal/index'
import { serve } from './tls/serve.ts'

// Takes the place of Nitro's own node-server entry, which speaks HTTP by default and sets no time limits. What is
// peculiar to Nitro is here; the server itself is in tls/. Two hooks are called beside Nitro's `close`, for the
// module: `session:listening` and `session:shutdown`.

// V8 learns which places of the code make objects that live long, and from then on makes those old at once. From a
// server's first requests it learns wrongly that all that a request makes is such: thereafter each request stays until
// the next full garbage collection (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring')

const { env } = process
// What is not bundled, such as Vue and its router, asks for it when the first page is rendered, and would else check,
// log and dawdle as in development.
env.NODE_ENV ||= 'production'

const nitroApp = useNitroApp()
// Nitro types its own hooks only.
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
trapUnhandledNodeErrors() // Only now: an error up to here has to end the process.
if (import.meta._tasks) startScheduleRunner()

export default {}
