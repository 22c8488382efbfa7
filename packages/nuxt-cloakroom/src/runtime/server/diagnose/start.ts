import { consola } from 'consola'
import { DIAGNOSE_PATH } from '../../shared/routes'
import { readCookie } from '../http/request-headers'
import type { RequestEvent, ServerApp } from '../nitro/platform'
import { defineHandler, methodNotAllowed, nodeRequestOf, queryOf, sendJson } from '../nitro/platform'
import { sessionCookieOf, sessionUsedBy } from '../nitro/request-session'
import { isSubrequest } from '../nitro/guard'
import type { Cloakroom } from '../nitro/runtime'
import { useCloakroom } from '../nitro/runtime'
import { hostName, hostNames } from './circumstances'
import { diagnose } from './find'
import { Inspector } from './inspect'
import { callerClock, requestFacts } from './request-facts'
import { SessionHistory } from './session-history'

let isStarted = false

/**
 * Adds `GET /api/_session/diagnose` and starts to remember what it needs. Without this call none of it exists, and it
 * costs no request anything. A second call does nothing.
 */
export function startDiagnosis({ router, hooks }: ServerApp): void {
  if (isStarted) return
  isStarted = true
  const history = new SessionHistory()
  if (!import.meta.dev) {
    consola.warn(`[cloakroom] ${DIAGNOSE_PATH} is on: it tells any client why its own cookie is not accepted. Keep it `
      + `off on public servers.`)
  }
  router.use(DIAGNOSE_PATH, createHandler(history))
  hooks.hook('request', (event) => {
    event.context.sessionDiagnosis = true
  })
  hooks.hook('afterResponse', event => isSubrequest(event) ? undefined : remember(event, history))
}

function createHandler(history: SessionHistory) {
  let tools: ReturnType<typeof createTools> | undefined // At the first request: by then the module runs.
  return defineHandler(async (event) => {
    if (event.method !== 'GET') throw methodNotAllowed(event, 'GET')
    const { inspector, context, cloakroom } = tools ??= createTools(history)
    const { req, res } = nodeRequestOf(event)
    res.setHeader('cache-control', 'private, no-store')
    res.setHeader('x-content-type-options', 'nosniff')
    res.appendHeader('vary', 'Cookie')
    const cookie = await inspector.inspect(sessionCookieOf(event))
    const { engine, origins, config } = cloakroom
    const now = engine.clock()
    const clientNow = callerClock(queryOf(event).now)
    const diagnosis = diagnose({
      request: requestFacts(req, context),
      cookie,
      server: { now, origins: [...origins.own], crossSite: config.crossSite, cookieHosts: history.cookieHosts },
      clockAheadMs: clientNow === null ? null : clientNow - now,
    })
    return sendJson(event, `${JSON.stringify(diagnosis, null, 2)}\n`) // With line breaks, for curl.
  })
}

function createTools(history: SessionHistory) {
  const cloakroom = useCloakroom()
  const { engine, config, origins, isTrustedPeer } = cloakroom
  const { behindProxy, crossSite } = config
  return {
    cloakroom,
    inspector: new Inspector({ engine, crossSite, history }),
    context: {
      dev: Boolean(import.meta.dev),
      behindProxy,
      origins,
      isTrusted: isTrustedPeer,
    },
  }
}

/** After the response, so that no request waits for it. A session that could not be loaded is not remembered. */
async function remember(event: RequestEvent, history: SessionHistory): Promise<void> {
  const { req } = nodeRequestOf(event)
  const cloakroom = useCloakroom()
  const host = hostName(req.headers.host ?? '')
  // Another name may be forged.
  if (setsCookie(event, cloakroom) && hostNames(cloakroom.origins.own).includes(host)) history.recordCookie(host)
  const session = await sessionUsedBy(event).catch(() => undefined)
  if (!session?.exists) return
  history.recordSession(session.id!, { idle: session.idleExpiresAt!, absolute: session.expiresAt! })
}

function setsCookie(event: RequestEvent, { config }: Cloakroom): boolean {
  const lines = [nodeRequestOf(event).res.getHeader('set-cookie') ?? []].flat().map(String)
  return lines.some((line) => {
    const cookie = readCookie(line, config.cookieName)
    return cookie.kind === 'present' && cookie.value !== ''
  })
}
