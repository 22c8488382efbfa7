import { SESSION_PATH } from '../../runtime/shared/routes'
import type { Draft } from '../request'
import type { CaseContext } from './context'
import { forgedCookieHeaders } from './cookies'

const LONG_CHARACTERS = 9000
const ENDINGS = [
  '%', '%zz', '%00', '%ff', '%c0%af', '/%2e%2e/', '/../', '/..;/', '//', ';x=1', '/.', '%20', '\\', '?', '?a[b]=%', '#',
  '?__proto__[x]=1', '?a=1&a=2&a=3', '?%=%', `?${'a=1&'.repeat(500)}`, '/devices/%', '/devices/__proto__', '/devices/',
  '/extend/../devices', '/diagnose', '/diagnose?now=%', '/events?x=%ff', '.json', '\xFF', '\x7F',
]
const BEGINNINGS = [
  '', '/', '//evil.test', '/%2e%2e', '/.', '/API', '/_nuxt/..', '/_nuxt/%2e%2e%2f', '/__nuxt_error?statusCode=500&url=',
  '/_payload.json?', '/__nuxt_island/x?props=%', '/_ipx/x/..', '/.well-known', '/%', '/%ff', '/favicon.ico',
]
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'OPTIONS']

/** Paths that are malformed, or another spelling of the module's. */
export function path(context: CaseContext): Draft {
  const { random, target } = context
  const isForged = random.oneIn(3)
  return {
    method: random.pick(METHODS),
    path: target.base + unusualPath(context),
    headers: isForged ? forgedCookieHeaders(context) : [],
    cookie: isForged ? 'forged' : 'absent',
  }
}

function unusualPath({ random, target, canary }: CaseContext): string {
  return random.pick([
    () => SESSION_PATH + random.pick(ENDINGS),
    () => random.pick(BEGINNINGS) + SESSION_PATH,
    () => random.pick(BEGINNINGS) + random.pick(ENDINGS),
    () => `/${random.latin1(random.integer(40)).replaceAll(/[\s\0]/g, '')}`,
    () => `/${'x'.repeat(LONG_CHARACTERS)}`,
    () => `/${'a/'.repeat(random.integer(1000))}`,
    () => `/__nuxt_error?statusCode=${random.pick(['500', '99', 'x', '1e9'])}&message=${canary('query')}`,
    () => `/${encodeURIComponent(`${target.origin}${SESSION_PATH}`)}`,
  ])()
}
