import type { ServerResponse } from 'node:http'
import { consola } from 'consola'
import type { NitroApp } from 'nitropack'
import { defineNitroPlugin } from 'nitropack/runtime'
import { SessionError } from '../engine/errors'
import type { EventSink } from '../engine/events'
import { startDiagnosis } from '../diagnose/start'
import { guard } from '../internal/guard'
import { startHousekeeping } from '../internal/housekeeping'
import { guardUpgrades } from '../internal/socket-guard'
import { startSessionLayer } from '../internal/instance'
import type { SessionLayer } from '../internal/instance'
import { sessionViewForPage } from '../utils/session-view'

/** Seconds after which a client may try again when the store does not answer. */
const RETRY_AFTER = '2'

/** Starts the session layer with the server, and stops the start if its configuration or store will not do. */
export default defineNitroPlugin((nitroApp) => {
  if (import.meta.prerender) return
  const layer = start(eventSink(nitroApp))
  const stopHousekeeping = startHousekeeping(layer.engine)
  nitroApp.h3App.stack.unshift({ route: '/', handler: guard })
  guardUpgrades(nitroApp.h3App)
  nitroApp.hooks.hook('request', (event) => {
    event.context.sessionView = () => sessionViewForPage(event)
  })
  nitroApp.hooks.hook('error', answerOutage)
  nitroApp.hooks.hook('session:shutdown', () => layer.live.close())
  nitroApp.hooks.hook('close', async () => {
    stopHousekeeping()
    layer.live.close()
    await layer.close()
  })
  learnOwnOrigins(nitroApp, layer)
  if (layer.engine.config.diagnose) startDiagnosis(nitroApp)
})

function start(emit: EventSink): SessionLayer {
  try {
    return startSessionLayer(emit)
  }
  catch (error) {
    // One sentence is what an operator needs; a stack trace would hide it. In development the error page shows it.
    if (import.meta.dev) throw error
    console.error((error as Error).message)
    process.exit(1)
  }
}

/** Each event reaches the hook of its name, such as `session:ended`. A hook that fails is reported, and harms no request. */
function eventSink(nitroApp: NitroApp): EventSink {
  const callHook = nitroApp.hooks.callHook as (name: string, event: unknown) => Promise<unknown>
  return (event) => {
    if (event.type === 'store_failure') consola.error(`[session] The store failed to ${event.operation}:`, event.error)
    callHook(`session:${event.type}`, event).catch(error => nitroApp.captureError(error, { tags: ['session'] }))
  }
}

/** The server's TLS listener knows under which names it is reached; a request's Host header must not say so. Behind a proxy there is none, and the operator is told what to set. */
function learnOwnOrigins(nitroApp: NitroApp, { origins, engine }: SessionLayer) {
  nitroApp.hooks.hook('session:listening', ({ origins: listened }) => {
    for (const origin of listened) origins.own.add(origin)
  })
  const { behindProxy, trustedProxies } = engine.config
  if (behindProxy && trustedProxies === '') {
    consola.warn('[session] NUXT_SESSION_TRUSTED_PROXIES is not set, so nobody can tell whom the proxy speaks for, and limits by address are off. Set it to the proxy\'s own address, such as 127.0.0.1.')
  }
  if (behindProxy && origins.own.size === 0) {
    consola.warn('[session] NUXT_SESSION_ORIGIN is not set, and behind a proxy this server cannot know where it is reached. Browsers without Fetch Metadata will be refused. Set it to the public origin, such as https://app.example.com.')
  }
}

function answerOutage(error: Error, { event }: { event?: { node: { res: ServerResponse } } }) {
  if (!(error instanceof SessionError) || error.code !== 'store_unavailable' || !event || event.node.res.headersSent) return
  event.node.res.setHeader('retry-after', RETRY_AFTER)
  event.node.res.setHeader('cache-control', 'no-store')
}
