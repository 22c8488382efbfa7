import { consola } from 'consola'
import type { Cloakroom } from './runtime'
import { envNameOf } from './settings'

type Started = Pick<Cloakroom, 'config' | 'origins' | 'store'>

/** Prints one line for an operator, and a warning for each setting that will not work. */
export function reportStart(cloakroom: Started, hasCustomEntry: boolean): void {
  consola.info(describeStart(cloakroom))
  warnAboutProxy(cloakroom)
  warnAboutOtherSites(cloakroom)
  if (!hasCustomEntry) warnAboutOrigin(cloakroom)
}

/** Where the sessions are, at which origins the server is reached, and through which proxies. */
function describeStart({ config, origins, store }: Started): string {
  const { behindProxy, trustedProxies } = config
  const created = store.isNew ? ', which is new and has no sessions yet' : ''
  const own = [...origins.own].join(', ') || 'those of the Host headers'
  const allowed = origins.allowed.size > 0 ? ` Other origins that may call: ${[...origins.allowed].join(', ')}.` : ''
  const proxies = trustedProxies || (behindProxy ? 'unknown' : 'none')
  return `[cloakroom] Sessions are in ${store.location}${created}. Origins: ${own}.${allowed} Proxies: ${proxies}.`
}

function warnAboutProxy({ config }: Started) {
  if (!config.behindProxy || config.trustedProxies !== '') return
  consola.warn(`[cloakroom] ${envNameOf('trustedProxies')} is not set, so client IP addresses are unknown and per-IP `
    + `rate limits are disabled. Set it to the proxy's own address, for example 127.0.0.1.`)
}

/** A browser sends a `SameSite=Lax` cookie with the requests of pages of the same site only (RFC 6265bis). */
function warnAboutOtherSites({ config, origins }: Started) {
  if (config.crossSite || origins.own.size === 0) return
  const sites = new Set([...origins.own].map(siteOf))
  const others = [...origins.allowed].filter(origin => !sites.has(siteOf(origin)))
  if (others.length === 0) return
  consola.warn(`[cloakroom] ${envNameOf('allowedOrigins')} lists other sites (${others.join(', ')}), and browsers do `
    + `not send the session cookie with their requests. Set ${envNameOf('crossSite')}=1, or remove them.`)
}

function warnAboutOrigin({ origins }: Started) {
  if (origins.own.size > 0) return
  consola.warn(`[cloakroom] ${envNameOf('origin')} is not set, so this server takes its origin from the Host header of `
    + `each request. Behind a proxy that changes that header, WebSockets and older browsers will be refused. Set it to `
    + `the public origin, for example https://app.example.com.`)
}

/** Hosts that differ in their last two names are of different sites; others may be as well, by the public suffix. */
function siteOf(origin: string): string {
  const { protocol, hostname } = new URL(origin)
  return `${protocol}//${/^[\d.]+$/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.')}`
}
