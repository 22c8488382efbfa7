import type { Draft, Header } from '../request'
import type { CaseContext } from './context'
import { appPath, safePath, sessionCookie, unknownPath } from './context'

const LONG_CHARACTERS = 40_000
const MANY_HEADERS = 300
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']
const HOSTS = [
  '', '%%%', 'evil.test', 'localhost:99999', '[::1', '[]', 'a b', 'x@y', '127.0.0.1:0x50', '.', 'a,b', '\xFF',
]
const ADDRESSES = [
  '127.0.0.1', '%%%', '::1', '256.1.1.1', '1'.repeat(300), 'unknown', '_hidden', '127.0.0.1:80', '[::1]:80', ',,,',
  '::ffff:127.0.0.1, 10.0.0.1', '0x7f.1', 'fe80::1%eth0', '\xFF',
]
const PROTOCOLS = ['http', 'https', 'javascript', '%%%', 'https,http', '', '://', 'ws']

type HeaderMaker = (context: CaseContext) => Header[]

const UNUSUAL: readonly HeaderMaker[] = [
  ({ random }) => [['X-Forwarded-Host', random.pick(HOSTS)]],
  ({ random }) => [['X-Forwarded-Proto', random.pick(PROTOCOLS)], ['X-Forwarded-Host', random.pick(HOSTS)]],
  ({ random }) => [['X-Forwarded-For', random.pick(ADDRESSES)]],
  ({ random }) => [['X-Forwarded-For', random.pick(ADDRESSES)], ['X-Forwarded-For', random.pick(ADDRESSES)]],
  ({ random }) => [['X-Forwarded-For', Array.from({ length: 500 }, () => random.pick(ADDRESSES)).join(', ')]],
  ({ random }) => [['Forwarded', `for=${random.pick(ADDRESSES)};host=${random.pick(HOSTS)};proto=%%%`]],
  ({ random }) => [['X-Real-IP', random.pick(ADDRESSES)], ['CF-Connecting-IP', random.pick(ADDRESSES)]],
  ({ random }) => [['X-Original-URL', `/${random.pick(HOSTS)}`], ['X-Rewrite-URL', '/api/_session']],
  ({ random }) => [['X-Forwarded-Port', random.pick(['0', '-1', '99999', 'x'])], ['X-Forwarded-Prefix', '//evil.test']],
  ({ random }) => [['Host', random.pick(HOSTS)]],
  ({ target }) => [['Host', target.host], ['Host', 'evil.test']],
  ({ random }) => [['Accept', random.pick(['text/html', '*/*;q=x', 'text/event-stream', ',', '\xFF'])]],
  ({ random }) => [['Accept-Language', random.pick(['%%%', '*', '../..', 'x'.repeat(5000), 'de;q=a', '\xFF'])]],
  ({ random }) => [['Accept-Encoding', random.pick(['gzip;q=0', 'br, *;q=0', 'x'.repeat(1000), 'identity;q=0'])]],
  ({ canary }) => [['Authorization', `Bearer ${canary('header')}`]],
  ({ random }) => [['Authorization', random.pick(['Basic', 'Basic %%%', 'Bearer', 'bearer ', 'Digest x', '\xFF'])]],
  ({ random }) => [['Expect', random.pick(['100-continue', 'x', '100-continue, x', ''])]],
  ({ random }) => [['Range', random.pick(['bytes=0-', 'bytes=-1', 'bytes=9-1', 'x', `bytes=${'0-1,'.repeat(200)}`])]],
  ({ random }) => [['If-None-Match', random.pick(['*', '"x"', 'W/', 'x'.repeat(3000)])], ['If-Modified-Since', 'x']],
  ({ random }) => [['Connection', random.pick(['close, cookie', 'close, host', 'close, te'])]],
  ({ random }) => [['Purpose', 'prefetch'], ['Sec-Purpose', random.pick(['prefetch', 'prefetch;prerender', '%'])]],
  ({ random }) => [['Origin', 'https://evil.test'], ['Access-Control-Request-Method', random.pick(['PUT', 'x y', ''])]],
  ({ random }) => [['User-Agent', random.latin1(random.integer(2000)).replaceAll(/[\r\n]/g, '')]],
  ({ random }) => [['Referer', random.pick(['%%%', 'about:blank', 'x'.repeat(5000), '\xFF', '//'])]],
  ({ random }) => [['x-nuxt-error', 'true'], ['x-nitro-prerender', random.pick(['/', '%'])]],
  () => [['X-Long', 'x'.repeat(LONG_CHARACTERS)]],
  () => Array.from({ length: MANY_HEADERS }, (_, i): Header => [`X-Many-${i}`, 'x']),
  () => [['__proto__', 'x'], ['constructor', 'x'], ['toString', 'x']],
  () => [['Cookie', `${'a='.repeat(5)}; __proto__=x; constructor=y; =z; ;;; a="\\`]],
  () => [['Cookie', 'x=%; y=%E0%A4%A; z=%FF'], ['Content-Type', 'text/plain; charset=%']],
]

/** Headers that proxies set or that are malformed: addresses, hosts, lengths, preconditions. */
export function header(context: CaseContext): Draft {
  const { random } = context
  const path = random.pick([safePath, appPath, unknownPath])(context)
  const headers = [...random.pick(UNUSUAL)(context), ...(random.oneIn(3) ? random.pick(UNUSUAL)(context) : [])]
  const draft: Draft = { method: random.pick(METHODS), path, headers: withoutDuplicates(headers) }
  if (headers.some(([name]) => name === 'Cookie') || !random.oneIn(4)) return draft
  const { header, ...cookie } = sessionCookie(context)
  return { ...draft, ...cookie, headers: [...draft.headers!, ['Cookie', header]] }
}

/** One `Connection`, so that it always says `close`. */
function withoutDuplicates(headers: Header[]): Header[] {
  const first = headers.findIndex(([name]) => name === 'Connection')
  return headers.filter(([name], i) => name !== 'Connection' || i === first)
}
