import { isIP } from 'node:net'

const YEAR_SECONDS = 31_536_000
const MINUTE_SECONDS = 60

/** Browser features that the pages of this app never need. No page or frame may request them. */
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

/** The same in every response (ASVS 3.4), except that a page replaces the content security policy. */
const FIXED: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  // `no-referrer` would make this app's own forms send `Origin: null`. The origin guard refuses that if the browser
  // sends no `Sec-Fetch-Site`.
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  // For embedding without CORS. It does not affect the fetch of an allowed origin, which CORS checks.
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': PERMISSIONS.map(feature => `${feature}=()`).join(', '),
  // For responses that are not pages: data, files and errors. Inline styles are allowed for images and for the
  // fallback error page.
  'content-security-policy': [
    'default-src \'none\'',
    'style-src \'unsafe-inline\'',
    'base-uri \'none\'',
    'form-action \'none\'',
    'frame-ancestors \'none\'',
  ].join('; '),
}

/** HSTS ignores ports: a year of it would make all other programs on this machine unreachable over http://localhost. */
const LOCAL = { ...FIXED, 'strict-transport-security': `max-age=${MINUTE_SECONDS}` }
const PUBLIC = { ...FIXED, 'strict-transport-security': `max-age=${YEAR_SECONDS}; includeSubDomains` }

/**
 * Returns the headers for every response, including errors and files. A page has a separate policy:
 * {@link pagePolicy}.
 *
 * @param host the `Host` header, if there is one: it determines how long the browser insists on HTTPS
 */
export function securityHeaders(host: string | undefined): Readonly<Record<string, string>> {
  return host !== undefined && isThisMachine(host) ? LOCAL : PUBLIC
}

/**
 * Returns the content security policy of a rendered page: scripts and styles from this origin, and inline ones only
 * with this response's nonce (ASVS 3.4.3).
 *
 * It allows `style="…"` attributes on elements: Nuxt UI and Vue's server renderer write them, and a nonce cannot
 * cover an attribute. In development, Vite adds styles to the page without a nonce and needs its WebSocket.
 *
 * @param options.dev whether Vite serves the page
 * @param options.connect other origins that the page may call: none, except for the comparison page
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

/** The parts of a rendered page that contain only tags of Nuxt and its modules. */
interface PageTags {
  head: string[]
  bodyAppend: string[]
}

/**
 * Adds the nonce to the scripts, styles and links in a rendered page's head and after its content. It does not change
 * the content itself: a script that an attacker injected there would get the nonce too.
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
