import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { securityHeaders } from '../headers/policy.ts'

const STATUS: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** What the server knows about the connection. */
export interface BrokenConnection {
  /** Whether a response has begun on it. A client would read a second one in the middle of it as a part of it. */
  isAnswering: boolean
  /** A name of the server, used because the `Host` of the request may be unknown. */
  host: string | undefined
}

/**
 * Responds to a request that is not complete and valid: malformed, too large or too late. Then the connection ends,
 * because its next bytes may be anything.
 *
 * Node would respond with the same status and nothing else: no security headers, and no explanation for a user whose
 * browser sends too many cookies.
 */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { isAnswering, host }: BrokenConnection,
): void {
  const code = error.code ?? ''
  // Node emits the same event for a failed TLS handshake. Then there is no client to respond to yet.
  const isHttp = /^(?:HPE|ERR_HTTP)_/.test(code)
  if (!isHttp || isAnswering || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS[code] ?? 400
  const { policy, type, body }
    = status === 431 ? TOO_LARGE : { policy: undefined, type: 'text/plain', body: `${STATUS_CODES[status]}\n` }
  const headers: Record<string, string | number> = {
    ...securityHeaders(host),
    ...(policy && { 'content-security-policy': policy }),
    'Connection': 'close',
    'Cache-Control': 'no-store',
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/**
 * Deletes the cookies that a script can delete. A malicious sibling host sets its cookies for the common parent
 * domain, which is one of the domains here.
 */
const RESET = `
document.getElementById('reset').onclick = () => {
  const labels = location.hostname.split('.')
  const domains = ['', ...labels.map((_, i) => '; Domain=' + labels.slice(i).join('.'))]
  for (const name of document.cookie.split('; ').map(pair => pair.split('=')[0]))
    for (const domain of domains) document.cookie = name + '=; Max-Age=0; Path=/; Secure' + domain
  location.reload()
}`

const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Too many cookies</title>
<style>
  body { max-width: 36rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; color-scheme: light dark }
</style>
<main>
<h1>Too many cookies</h1>
<p>Your browser sends more cookies with its requests to this site than the server accepts.
Another site under the same domain may have set them.
<p><button id="reset">Delete cookies</button>
<p>If this page comes back, delete the cookies of this site, and of the sites under the same domain, in the browser's
settings. You will have to sign in again.
</main>
<script>${RESET}</script>
</html>
`

/** Its only script is allowed by its hash: there is no state here that could store a nonce. */
const TOO_LARGE = {
  policy:
    `default-src 'none'; style-src 'unsafe-inline'; script-src `
    + `'sha256-${createHash('sha256').update(RESET).digest('base64')}'; base-uri 'none'; form-action 'none'; `
    + `frame-ancestors 'none'`,
  type: 'text/html; charset=utf-8',
  body: PAGE,
}
