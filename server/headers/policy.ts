import { isIP } from 'node:net'

const YEAR_SECONDS = 31_536_000
const MINUTE_SECONDS = 60

/** What a page of this app never needs, and so nothing in it may ask for. */
const PERMISSIONS = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
]

/** The same in every answer, whatever it is (ASVS 3.4). */
const FIXED: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  // `no-referrer` would make a page's own form say `Origin: null`, which the origin guard takes for a stranger.
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  // For embedding without CORS. A listed origin's fetch is checked by CORS, and not by this.
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': PERMISSIONS.map(feature => `${feature}=()`).join(', '),
  // For what is no page: data, files, refusals. Style is let in for a picture, and for the page of last resort.
  'content-security-policy': [
    'default-src \'none\'',
    'style-src \'unsafe-inline\'',
    'base-uri \'none\'',
    'form-action \'none\'',
    'frame-ancestors \'none\'',
  ].join('; '),
}

/** HSTS knows no ports: with a year of it, no other program on this machine could be reached over http://localhost. */
const LOCAL = { ...FIXED, 'strict-transport-security': `max-age=${MINUTE_SECONDS}` }
const PUBLIC = { ...FIXED, 'strict-transport-security': `max-age=${YEAR_SECONDS}; includeSubDomains` }

/**
 * The headers that go out with every answer, errors and files included. A page has a policy of its own: {@link
 * pagePolicy}.
 *
 * @param host the `Host` header, if there was one: it decides how long the browser is to insist on HTTPS
 */
export function securityHeaders(host: string | undefined): Readonly<Record<string, string>> {
  return host !== undefined && isThisMachine(host) ? LOCAL : PUBLIC
}

/**
 * The content security policy of a rendered page: scripts and styles from this origin, inline ones only with this
 * response's nonce (ASVS 3.4.3).
 *
 * What it lets pass is `style="…"` on an element: Nuxt UI and Vue's server renderer write such, and a nonce cannot
 * cover an attribute. In development, Vite puts styles into the page without a nonce and needs its socket.
 *
 * @param options.dev whether Vite serves the page
 * @param options.connect other origins that the page may call; none, unless it is the comparison's
 */
export function pagePolicy(nonce: string, { dev = false, connect = [] as string[] } = {}): string {
  return [
    'default-src \'none\'',
    `script-src 'self' 'nonce-${nonce}'`,
    ...(dev
      ? ['style-src \'self\' \'unsafe-inline\'']
      : [`style-src 'self' 'nonce-${nonce}'`, 'style-src-attr \'unsafe-inline\'']),
    'img-src \'self\' data:',
    'font-src \'self\'',
    ['connect-src \'self\'', ...(dev ? ['wss:'] : []), ...connect].join(' '),
    'manifest-src \'self\'',
    'worker-src \'self\'',
    'base-uri \'none\'',
    'form-action \'self\'',
    'frame-ancestors \'none\'',
  ].join('; ')
}

/** The parts of a rendered page that hold tags of Nuxt and its modules alone. */
interface PageTags {
  head: string[]
  bodyAppend: string[]
}

/**
 * Gives the nonce to the scripts, styles and links of a rendered page's head, and of what follows its content. The
 * content itself is left alone: a script that somebody has smuggled in there would get the nonce too.
 */
export function addNonce(page: PageTags, nonce: string): void {
  const mark = (tags: string) => tags.replace(/<(?:script|style|link)(?=[\s>])/g, tag => `${tag} nonce="${nonce}"`)
  page.head = page.head.map(mark)
  page.bodyAppend = page.bodyAppend.map(mark)
}

function isThisMachine(host: string): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0
}
