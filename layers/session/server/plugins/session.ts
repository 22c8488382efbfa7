import { consola } from 'consola'
import type { NitroApp } from 'nitropack'
import { defineNitroPlugin } from 'nitropack/runtime'
import { SessionError } from '../engine/errors'
import type { SessionEvent } from '../engine/events'
import { guard } from '../internal/guard'
import { startSessionLayer } from '../internal/instance'
import type { SessionLayer } from '../internal/instance'

/** Seconds after which a client may try again when the store does not answer. */
const RETRY_AFTER = '2'

/** Starts the session layer with the server, and stops the start if its configuration or store will not do. */
export default defineNitroPlugin((nitroApp) => {
  if (import.meta.prerender) return
  const layer = start()
  nitroApp.h3App.stack.unshift({ route: '/', handler: guard })
  nitroApp.hooks.hook('close', () => layer.close())
  nitroApp.hooks.hook('error', answerOutage)
  learnOwnOrigins(nitroApp, layer)
})

function start(): SessionLayer {
  try {
    return startSessionLayer(reportFailure)
  }
  catch (error) {
    // One sentence is what an operator needs; a stack trace would hide it. In development the error page shows it.
    if (import.meta.dev) throw error
    console.error((error as Error).message)
    process.exit(1)
  }
}

/** The server's TLS listener knows under which names it is reached; a request's Host header must not say so. */
function learnOwnOrigins(nitroApp: NitroApp, { origins, engine }: SessionLayer) {
  nitroApp.hooks.hook('session:listening', ({ origins: listened }) => {
    for (const origin of listened) origins.own.add(origin)
  })
  if (engine.config.behindProxy && origins.own.size === 0) {
    consola.warn('[session] NUXT_SESSION_ORIGIN is not set, and behind a proxy this server cannot know where it is reached. Browsers without Fetch Metadata will be refused. Set it to the public origin, such as https://app.example.com.')
  }
}

function answerOutage(error: Error, { event }: { event?: { node: { res: import('node:http').ServerResponse } } }) {
  if (!(error instanceof SessionError) || error.code !== 'store_unavailable' || !event || event.node.res.headersSent) return
  event.node.res.setHeader('retry-after', RETRY_AFTER)
  event.node.res.setHeader('cache-control', 'no-store')
}

function reportFailure(event: SessionEvent) {
  if (event.type === 'store_failure') consola.error(`[session] The store failed to ${event.operation}:`, event.error)
}
