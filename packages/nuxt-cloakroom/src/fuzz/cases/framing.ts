import { EXTEND_PATH, SESSION_PATH } from '../../runtime/shared/routes'
import type { Draft, Header } from '../request'
import type { CaseContext } from './context'
import { appPath, ownOrigin } from './context'

const METHODS = ['POST', 'PUT', 'GET', 'DELETE']
const BODY = '{"name":"x"}'

/** A body and the headers that say how long it is. `isCutOff` if the server would wait for more. */
interface Framing {
  readonly headers: readonly Header[]
  readonly body: string
  readonly isCutOff?: boolean
}

const chunked = (body: string, isCutOff = false): Framing => (
  { headers: [['Transfer-Encoding', 'chunked']], body, isCutOff })
const length = (value: string, isCutOff = false): Framing => (
  { headers: [['Content-Length', value]], body: BODY, isCutOff })

const FRAMINGS: readonly Framing[] = [
  ...['0', '1', '-1', '+12', '0x0c', '12, 12', '12, 13', '1e1', '', '\xB2'].map(value => length(value)),
  ...['13', '1000000', '999999999999', '9'.repeat(40)].map(value => length(value, true)),
  chunked(`c\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`c;x=${'y'.repeat(5000)}\r\n${BODY}\r\n0\r\n\r\n`),
  chunked(`c\r\n${BODY}\r\n0\r\nCookie: __Host-session=x\r\nX-Forwarded-Host: %%%\r\n\r\n`),
  chunked(`c\r\n${BODY}`, true),
  chunked(`ffffffffffffffff\r\n${BODY}`, true),
  chunked(`-1\r\n${BODY}\r\n0\r\n\r\n`, true),
  chunked(`zz\r\n${BODY}`, true),
  chunked(`c\n${BODY}\n0\n\n`, true),
  { headers: [['Transfer-Encoding', 'chunked'], ['Content-Length', '12']], body: `c\r\n${BODY}\r\n0\r\n\r\n` },
  { headers: [['Content-Length', '12'], ['Content-Length', '13']], body: BODY, isCutOff: true },
  { headers: [['Transfer-Encoding', 'gzip, chunked']], body: `c\r\n${BODY}\r\n0\r\n\r\n`, isCutOff: true },
  { headers: [['Transfer-Encoding', 'xchunked']], body: BODY, isCutOff: true },
  { headers: [['Transfer-Encoding', 'chunked'], ['Transfer-Encoding', 'identity']], body: BODY, isCutOff: true },
  { headers: [['Transfer-Encoding ', 'chunked']], body: BODY, isCutOff: true },
  { headers: [['Expect', '100-continue'], ['Content-Length', '13']], body: BODY, isCutOff: true },
]

/** Requests whose length is wrong, missing or given twice, and requests that are none. */
export function framing(context: CaseContext): Draft {
  const { random, target } = context
  if (random.oneIn(4)) return { path: '/', raw: malformed(context), isCutOff: true }
  const path = random.pick([target.base + EXTEND_PATH, target.base + SESSION_PATH, appPath(context)])
  const { headers, ...rest } = random.pick(FRAMINGS)
  const allHeaders = [ownOrigin(context), ['Content-Type', 'application/json'] as const, ...headers]
  // A request within the body must not be handled as a second one with another sender's cookie.
  const body = random.oneIn(6) ? `${rest.body}GET ${target.base}${SESSION_PATH} HTTP/1.1\r\n\r\n` : rest.body
  return { method: random.pick(METHODS), path, headers: allHeaders, ...rest, body }
}

function malformed({ random, target: { host, base } }: CaseContext): string {
  const path = base + SESSION_PATH
  return random.pick<() => string>([
    () => `GET ${path}\r\n\r\n`,
    () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n`,
    () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${'x'.repeat(random.integer(3000))}`,
    () => `GET ${path} HTTP/9.9\r\nHost: ${host}\r\n\r\n`,
    () => `get ${path} http/1.1\r\nhost: ${host}\r\n\r\n`,
    () => `GET  ${path}  HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    () => `GET ${path} HTTP/1.1\r\n\r\n`,
    () => `GET https://evil.test${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    () => `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    () => `CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
    () => `GET ${path} HTTP/1.1\nHost: ${host}\nConnection: close\n\n`,
    () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n X-Folded: x\r\nConnection: close\r\n\r\n`,
    () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX\0: x\r\nConnection: close\r\n\r\n`,
    () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n: x\r\nConnection: close\r\n\r\n`,
    () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${random.latin1(20)}`,
    () => `\x16\x03\x01${random.latin1(random.integer(200))}`,
    () => random.latin1(1 + random.integer(500)),
    () => '\r\n'.repeat(random.integer(500)),
  ])()
}
