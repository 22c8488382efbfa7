import type { ServerResponse } from 'node:http'
import { consola } from 'consola'
import type { NitroApp } from 'nitropack'
import { SessionError } from '../sessions/errors'
import type { SessionEvent } from '../sessions/events'
import { startSweeping } from '../sessions/sweep-timer'
import type { StoreOpeners } from '../stores/open-store'
import { FailureLog } from './failure-log'
import { createGuard, markRequests } from './guard'
import { checkCookieOf } from './request-session'
import type { Cloakroom } from './runtime'
import { startCloakroom } from './runtime'
import { closeBeforeExit } from './server-stop'
import { reportStart } from './start-report'
import { RETRY_AFTER_SECONDS, guardUpgrades } from './upgrade-guard'

/** How long the start line waits for the origins of an app's own server. */
const LISTENING_TIMEOUT_MS = 5000

/** What the server knows from its build. */
export interface BuildInfo {
  /** The stores that it contains, by URL scheme. */
  readonly storeOpeners: StoreOpeners
  /** Whether the app has a server of its own, which reports its origins when it listens. */
  readonly hasCustomEntry: boolean
}

/** Starts the module with the server. An invalid configuration or store stops the start. */
export function install(app: NitroApp, { storeOpeners, hasCustomEntry }: BuildInfo): Cloakroom {
  const cloakroom = start(storeOpeners)
  const { engine, connections } = cloakroom
  const stopSweeping = startSweeping(engine)
  if (!import.meta.dev) closeBeforeExit(connections, stopSignals())
  const failures = new FailureLog((line, ...error) => consola.error(line, ...error))
  engine.events.subscribe((event) => {
    if (event.type === 'store_failure') failures.record(event)
    callHook(app, event)
  })
  markRequests(app.h3App, cloakroom)
  app.h3App.stack.unshift({ route: '/', handler: createGuard(cloakroom, app.localFetch) })
  guardUpgrades(app.h3App, cloakroom)
  checkCookies(app)
  app.hooks.hook('error', setOutageHeaders)
  app.hooks.hook('session:shutdown', () => connections.close())
  app.hooks.hook('close', async () => {
    stopSweeping()
    connections.close()
    await cloakroom.close()
    failures.close()
  })
  app.hooks.hook('session:listening', ({ origins }) => {
    for (const origin of origins) cloakroom.origins.own.add(origin)
  })
  if (!import.meta.dev) reportWhenOriginsAreKnown(app, cloakroom, hasCustomEntry)
  return cloakroom
}

/**
 * Nitro's own server does not say when it listens, and where: then only the configured origins are known. One of the
 * app may not either.
 */
function reportWhenOriginsAreKnown(app: NitroApp, cloakroom: Cloakroom, hasCustomEntry: boolean) {
  if (!hasCustomEntry) return reportStart(cloakroom, hasCustomEntry)
  const report = () => {
    clearTimeout(timer)
    stopWaiting()
    reportStart(cloakroom, hasCustomEntry)
  }
  const timer = setTimeout(report, LISTENING_TIMEOUT_MS).unref()
  const stopWaiting = app.hooks.hook('session:listening', report)
}

/** Before a response with a body, and before an error, which has no such hook. */
function checkCookies({ hooks, h3App: { options } }: NitroApp) {
  const { onError } = options
  hooks.hook('beforeResponse', checkCookieOf)
  options.onError = async (error, event) => {
    await checkCookieOf(event)
    return onError?.(error, event)
  }
}

/** Those that Nitro's own server stops for, by its own setting. */
function stopSignals(): NodeJS.Signals[] {
  const signals = process.env.NITRO_SHUTDOWN_SIGNALS || 'SIGTERM SIGINT'
  return signals.split(' ').filter(Boolean) as NodeJS.Signals[]
}

function start(openers: StoreOpeners): Cloakroom {
  try {
    return startCloakroom(openers)
  }
  catch (error) {
    // An operator needs one line; a stack trace would hide it. In development the error page shows it.
    if (import.meta.dev) throw error
    process.stderr.write(`${(error as Error).message}\n`) // Bundlers can remove calls of `console`.
    process.exit(1)
  }
}

/**
 * Each event calls the hook of its name, for example `session:ended`. A hook that fails is reported and fails no
 * request.
 */
function callHook(app: NitroApp, event: SessionEvent) {
  const call = app.hooks.callHook as (name: string, event: unknown) => Promise<unknown>
  call(`session:${event.type}`, event).catch(error => app.captureError(error, { tags: ['session'] }))
}

function setOutageHeaders(error: Error, { event }: { event?: { node: { res: ServerResponse } } }) {
  const isOutage = error instanceof SessionError && error.code === 'store_unavailable'
  if (!isOutage || !event || event.node.res.headersSent) return
  event.node.res.setHeader('retry-after', RETRY_AFTER_SECONDS)
  event.node.res.setHeader('cache-control', 'no-store')
}
