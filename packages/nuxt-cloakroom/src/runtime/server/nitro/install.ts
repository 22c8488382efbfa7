import type { ServerResponse } from 'node:http'
import { consola } from 'consola'
import type { NitroApp } from 'nitropack'
import { SessionError } from '../sessions/errors'
import type { SessionEvent } from '../sessions/events'
import { startSweeping } from '../sessions/sweep-timer'
import type { StoreOpeners } from '../stores/open-store'
import { createGuard } from './guard'
import type { Cloakroom } from './runtime'
import { startCloakroom } from './runtime'
import { envNameOf } from './settings'
import { RETRY_AFTER_SECONDS, guardUpgrades } from './upgrade-guard'

/** Starts the module with the server. An invalid configuration or store stops the start. */
export function install(app: NitroApp, openers: StoreOpeners): Cloakroom {
  const cloakroom = start(openers)
  const { engine, connections } = cloakroom
  const stopSweeping = startSweeping(engine)
  engine.events.subscribe(event => callHook(app, event))
  app.h3App.stack.unshift({ route: '/', handler: createGuard(cloakroom) })
  guardUpgrades(app.h3App, cloakroom)
  app.hooks.hook('error', setOutageHeaders)
  app.hooks.hook('session:shutdown', () => connections.close())
  app.hooks.hook('close', async () => {
    stopSweeping()
    connections.close()
    await cloakroom.close()
  })
  app.hooks.hook('session:listening', ({ origins }) => {
    for (const origin of origins) cloakroom.origins.own.add(origin)
  })
  warnAboutProxy(cloakroom)
  return cloakroom
}

function start(openers: StoreOpeners): Cloakroom {
  try {
    return startCloakroom(openers)
  }
  catch (error) {
    // An operator needs one line; a stack trace would hide it. In development the error page shows it.
    if (import.meta.dev) throw error
    console.error((error as Error).message)
    process.exit(1)
  }
}

/**
 * Each event calls the hook of its name, for example `session:ended`. A hook that fails is reported and fails no
 * request.
 */
function callHook(app: NitroApp, event: SessionEvent) {
  if (event.type === 'store_failure') consola.error(`[cloakroom] The store failed to ${event.operation}:`, event.error)
  const call = app.hooks.callHook as (name: string, event: unknown) => Promise<unknown>
  call(`session:${event.type}`, event).catch(error => app.captureError(error, { tags: ['session'] }))
}

/** Behind a proxy there is no TLS listener that knows the origins, and a request's Host header must not name them. */
function warnAboutProxy({ config, origins }: Cloakroom) {
  if (!config.behindProxy) return
  if (config.trustedProxies === '') {
    consola.warn(`[cloakroom] ${envNameOf('trustedProxies')} is not set, so client IP addresses are unknown and per-IP `
      + `rate limits are disabled. Set it to the proxy's own address, for example 127.0.0.1.`)
  }
  if (origins.own.size === 0) {
    consola.warn(`[cloakroom] ${envNameOf('origin')} is not set, and behind a proxy this server cannot know its `
      + `origin. Browsers without Fetch Metadata will be refused. Set it to the public origin, for example `
      + `https://app.example.com.`)
  }
}

function setOutageHeaders(error: Error, { event }: { event?: { node: { res: ServerResponse } } }) {
  const isOutage = error instanceof SessionError && error.code === 'store_unavailable'
  if (!isOutage || !event || event.node.res.headersSent) return
  event.node.res.setHeader('retry-after', RETRY_AFTER_SECONDS)
  event.node.res.setHeader('cache-control', 'no-store')
}
