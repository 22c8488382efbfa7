import type { Draft, Header } from '../request'
import type { CaseContext } from './context'
import { anyUnsafe, ownOrigin, sessionCookie } from './context'

const FOREIGN_SITES = ['cross-site', 'same-site', 'cross-site, same-origin', 'x']
const MODES = ['navigate', 'cors', 'no-cors', 'same-origin', 'websocket']
const OVERRIDES: readonly Header[] = [
  ['X-HTTP-Method-Override', 'GET'],
  ['X-HTTP-Method', 'DELETE'],
  ['X-Requested-With', 'XMLHttpRequest'],
  ['Content-Type', 'text/plain'],
  ['Content-Type', 'application/json'],
  ['Sec-Fetch-Dest', 'document'],
]

/** A page of another origin that tries to change something with the visitor's session. It must be refused. */
export function crossOrigin(context: CaseContext): Draft {
  const { random, canary } = context
  const { header, ...cookie } = sessionCookie(context)
  return {
    ...anyUnsafe(context),
    ...cookie,
    headers: [
      ['Cookie', `${header}; trace=${canary('cookie')}`],
      ...foreignHeaders(context),
      ...(random.oneIn(2) ? [random.pick(OVERRIDES)] : []),
    ],
    body: random.oneIn(2) ? '{}' : undefined,
    isForeign: true,
  }
}

/** Headers of a request that is not from a page of the app, or that contradict each other. */
function foreignHeaders(context: CaseContext): Header[] {
  const { random } = context
  const mode: Header[] = random.oneIn(2) ? [['Sec-Fetch-Mode', random.pick(MODES)]] : []
  return random.pick<() => Header[]>([
    () => [foreignOrigin(context), ...mode],
    () => [foreignOrigin(context), ['Sec-Fetch-Site', random.pick(FOREIGN_SITES)], ...mode],
    () => [...contradiction(context), ...mode],
    () => [foreignOrigin(context), ['Sec-Fetch-Site', 'none'], ...mode],
    () => [foreignOrigin(context), ownOrigin(context)],
    () => [ownOrigin(context), foreignOrigin(context)],
    () => [ownOrigin(context), ['Sec-Fetch-Site', random.pick(FOREIGN_SITES)]],
    () => [['Referer', foreignReferer(context)], ...mode],
    () => mode,
  ])()
}

/** An origin that a page of the app does not have, and the claim that it is a page of the app. */
export function contradiction(context: CaseContext): Header[] {
  const [name, value] = foreignOrigin(context)
  // With the referrer policy `no-referrer`, browsers send `null` for forms of the same origin, too.
  const origin = ['', 'null'].includes(value) ? 'https://evil.test' : value
  return [[name, origin], ['Sec-Fetch-Site', 'same-origin']]
}

/** An `Origin` that is similar to the app's, or not at all. */
export function foreignOrigin({ random, target: { origin } }: CaseContext): Header {
  const { protocol, host, hostname } = new URL(origin)
  const other = random.pick([
    'null', '', 'https://evil.test', 'file://', hostname, '*', '%%%', 'https://', `${origin}\t${origin}x`,
    `${origin}.evil.test`, `${origin}@evil.test`, `https://evil${host}`, `https://evil.test/${host}`,
    `https://evil.test#${origin}`, `https://evil.test, ${origin}`, `${origin}, https://evil.test`, `${origin}0`,
    `${protocol === 'https:' ? 'http' : 'https'}://${host}`, `${protocol}//${hostname}:1`, `${origin}\0`,
    `${protocol}//${hostname}.`, `x${random.latin1(random.integer(30)).replaceAll(/[\r\n]/g, '')}`,
  ])
  return ['Origin', other]
}

function foreignReferer({ random, target: { origin } }: CaseContext): string {
  return random.pick([
    'https://evil.test/', `https://evil.test/?${origin}/`, `${origin}.evil.test/`, `${origin}@evil.test/`,
    'about:blank', '/', 'x', `https://evil.test#${origin}/`,
  ])
}
