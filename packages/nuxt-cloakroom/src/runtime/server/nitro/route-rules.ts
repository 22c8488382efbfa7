import type { H3Event, ProxyOptions } from 'h3'
import type { NitroApp } from 'nitropack'
import { getRouteRules, useRuntimeConfig } from 'nitropack/runtime'
import { getRouteRulesForPath } from 'nitropack/runtime/internal/route-rules'
import { withoutBase } from 'ufo'
import type { SessionRule } from '../../shared/types/augmentations'

/** Whether any route rule of the app has the key `session`. Most apps have none, and then no request asks for it. */
let isUsed: boolean | undefined

/** The `session` route rule of a request; `undefined` for most requests. */
export function sessionRuleOf(event: H3Event): SessionRule | undefined {
  return isUsedAnywhere() ? (getRouteRules(event) as { session?: SessionRule }).session : undefined
}

/** The same for an upgrade to a WebSocket, which is not an event. @param url as the client has sent it */
export function sessionRuleForPath(url: string): SessionRule | undefined {
  const path = withoutBase(url.split('?', 1)[0]!, useRuntimeConfig().app.baseURL)
  return isUsedAnywhere() ? (getRouteRulesForPath(path) as { session?: SessionRule }).session : undefined
}

/** Makes a route rule that proxies to a path of this app pass the visitor's request on. */
export function passRequestToProxy(event: H3Event, localFetch: NitroApp['localFetch']): void {
  const rules = getRouteRules(event) as { proxy?: ProxyOptions & { to?: string } }
  if (!rules.proxy?.to?.startsWith('/')) return
  const fetch = (path: string, options?: object) => localFetch(path, { ...options, context: event.context })
  // A copy: `rules` is an object of this request, but `rules.proxy` belongs to all requests.
  rules.proxy = { ...rules.proxy, fetch: fetch as typeof globalThis.fetch }
}

/** @throws Error if a route rule switches sessions off for `target` */
export function assertSessionOn(target: H3Event): void {
  if (sessionRuleOf(target) !== false) return
  throw new Error(`[cloakroom] ${target.path.split('?', 1)[0]} has the route rule session: false, and uses a session. `
    + 'Remove the rule, or do not use the session there.')
}

function isUsedAnywhere(): boolean {
  return isUsed ??= Object.values(useRuntimeConfig().nitro.routeRules ?? {})
    .some(({ session }: { session?: SessionRule }) => session === false || session?.crossOrigin === 'sign-in')
}

interface UsedBy {
  readonly target: H3Event
  readonly event: H3Event
}

const USED_BY = Symbol('cloakroom: the event that uses a session')

/**
 * One setter for all events: V8 keeps a property's setters with the object's shape. A setter per request would give
 * each context a shape of its own, which keeps the request in memory until the next full garbage collection, and that
 * costs more than everything else that a session does.
 */
const REFUSE_CACHE: PropertyDescriptor = {
  set(this: { [USED_BY]: UsedBy }) {
    throw insideCache(this[USED_BY].target, this[USED_BY].event, 'cached')
  },
}

/**
 * Throws if the response to `target` goes into a cache, and makes sure that no later handler puts it there.
 *
 * Inside Nitro's cache a request has lost its cookies, so each visitor would be anonymous, and what was created for one
 * would be shown to all. The data that a page fetches while it is rendered becomes part of the cached page. An `isr`
 * rule counts even if this server caches nothing for it, because a CDN does.
 *
 * @param event the event that uses the session: `target`, or a call that the server makes to itself for it
 * @param isWithinCache whether `target` is a call that the server makes to itself in a response that goes into a cache
 */
export function assertNotCached(target: H3Event, event: H3Event, isWithinCache: boolean): void {
  if (isCached(target)) throw insideCache(target, event, 'cached')
  if (isWithinCache) throw insideCache(target, event, 'called from a cached handler')
  if (Object.hasOwn(target.context, 'cache')) return
  const context = target.context as { [USED_BY]?: UsedBy }
  context[USED_BY] = { target, event }
  // A cached handler that runs later shares this context, and with it what a middleware has stored for one visitor.
  Object.defineProperty(context, 'cache', REFUSE_CACHE)
}

/** Whether the response to this event goes into a cache, by its own rules. */
export function isCached(event: H3Event): boolean {
  const { cache, isr } = getRouteRules(event)
  return Boolean(event.context.cache || cache || isr)
}

/** Whether the headers, of a route rule or a middleware, let caches outside of this server store the response. */
export function isMeantForCaches({ node }: H3Event): boolean {
  const headers = Object.entries(node.res.getHeaders())
  return headers.some(([name, value]) =>
    name.endsWith('cache-control') && /\bpublic\b|\bs-maxage\b/i.test(String(value)))
}

function insideCache(target: H3Event, event: H3Event, how: string) {
  const [path, usedBy] = [target, event].map(({ path }) => path.split('?', 1)[0]!)
  const user = path === usedBy ? '' : `${usedBy}, which it calls, `
  return new Error(`[cloakroom] ${path} is ${how}, and ${user}uses a session. ${explainCache(target)}`)
}

/** Why the response to an event goes into a cache, and what to do about it. */
export function explainCache(event: H3Event): string {
  const path = event.path.split('?', 1)[0]!
  const rules = Object.entries(useRuntimeConfig().nitro.routeRules ?? {})
  const pattern = rules.find(([pattern, { cache, isr }]) => (cache || isr) && matches(pattern, path))?.[0]
  const cause = pattern === undefined
    ? 'It is within a cached handler (defineCachedEventHandler)'
    : `The route rule for '${pattern}' caches it (swr, isr or cache)`
  const fix = pattern === undefined
    ? 'use a handler that is not cached'
    : pattern === path ? 'remove that rule' : `add the route rule '${path}': { cache: false, isr: false }`
  return `${cause}, and a cached response is the same for every visitor. Do not use the session there, or ${fix}.`
}

/** Whether a pattern of a route rule concerns a path; for a message only. */
function matches(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('/**') && `${path}/`.startsWith(pattern.slice(0, -2)))
}
