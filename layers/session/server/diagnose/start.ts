import { consola } from 'consola'
import { appendResponseHeader, eventHandler, getQuery, send, setResponseHeaders } from 'h3'
import type { H3Event } from 'h3'
import type { NitroApp } from 'nitropack'
import { trustedPeer } from '../internal/client-address'
import { sessionLayer } from '../internal/instance'
import { isInnerEvent } from '../internal/outer-event'
import { sessionUsed } from '../internal/request-session'
import { onlyMethods } from '../utils/only-methods'
import { hostName, hostNames } from './circumstances'
import { diagnose } from './find'
import { Inspector } from './inspect'
import { LastKnown } from './last-known'
import { callerClock, requestFacts } from './request-facts'

const PATH = '/api/_session/diagnose'

let started = false

/**
 * Adds `GET /api/_session/diagnose` and begins to remember what it needs; without this call there is nothing of it, and no request pays for it. A second
 * call does nothing.
 */
export function startDiagnosis({ router, hooks }: NitroApp): void {
  if (started) return
  started = true
  const lastKnown = new LastKnown()
  if (!import.meta.dev) consola.warn(`[session] ${PATH} is on: it tells whoever asks why their own cookie does not count. Leave it off where strangers call.`)
  router.use(PATH, onlyMethods('GET'))
  router.get(PATH, answerer(lastKnown))
  hooks.hook('request', (event) => {
    event.context.sessionDiagnosis = true
  })
  hooks.hook('afterResponse', event => isInnerEvent(event) ? undefined : remember(event, lastKnown))
}

function answerer(lastKnown: LastKnown) {
  let tools: ReturnType<typeof toolsOf> | undefined // Not before the first request: by then the layer runs, whoever's plugin came first.
  return eventHandler(async (event) => {
    const { inspector, surroundings, layer } = tools ??= toolsOf(lastKnown)
    const { req } = event.node
    setResponseHeaders(event, { 'cache-control': 'private, no-store', 'x-content-type-options': 'nosniff' })
    appendResponseHeader(event, 'vary', 'Cookie')
    const now = layer.engine.clock()
    const callersNow = callerClock(getQuery(event).now)
    const diagnosis = diagnose({
      request: requestFacts(req, surroundings),
      // Counted, or this route would be a way around the limit.
      cookie: await inspector.inspect(req.headers.cookie, { forgedCookie: () => layer.forgedCookies.note(req) }),
      server: { now, origins: [...layer.origins.own], crossSite: layer.engine.config.crossSite, givenAt: lastKnown.hosts },
      clockAheadMs: callersNow === null ? null : callersNow - now,
    })
    return send(event, `${JSON.stringify(diagnosis, null, 2)}\n`, 'application/json') // With line breaks, for whoever asks by curl.
  })
}

function toolsOf(lastKnown: LastKnown) {
  const layer = sessionLayer()
  const { engine, ring, origins } = layer
  const { behindProxy, cookieName, trustedProxies } = engine.config
  return {
    layer,
    inspector: new Inspector({ engine, ring, lastKnown }),
    surroundings: { dev: Boolean(import.meta.dev), behindProxy, cookieName, origins, isTrusted: trustedPeer(trustedProxies) },
  }
}

/** After the answer has gone, so that nobody waits. A session that could not be had is none to remember. */
async function remember(event: H3Event, lastKnown: LastKnown): Promise<void> {
  const { req, res } = event.node
  const { origins, engine: { config: { cookieName } } } = sessionLayer()
  const lines = [res.getHeader('set-cookie') ?? []].flat().map(String)
  const isGiven = lines.some(line => line.startsWith(`${cookieName}=`) && !line.startsWith(`${cookieName}=;`))
  const host = hostName(req.headers.host ?? '')
  if (isGiven && hostNames(origins.own).includes(host)) lastKnown.gaveCookieAt(host) // Another name somebody may have made up.
  const session = await Promise.resolve(sessionUsed(event)).catch(() => null)
  if (session?.exists) lastKnown.sawSession(session.handle!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
}
