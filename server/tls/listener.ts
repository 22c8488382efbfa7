import { Server as HttpServer } from 'node:http'
import type { ServerOptions } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { CheckedPair } from './certificate.ts'
import type { Settings } from './settings.ts'
import { subjectNames } from './subject-names.ts'

/** TLS 1.3, and of TLS 1.2 only what Mozilla calls intermediate and has forward secrecy: with Node's own list, an RSA key brings suites without. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const TIMEOUTS: ServerOptions = {
  headersTimeout: 15_000,
  requestTimeout: 30_000, // The whole request, not the response: an event stream may last.
  keepAliveTimeout: 65_000, // Longer than the 60 s of common proxies, so that it is the proxy that closes an idle connection.
  connectionsCheckingInterval: 1_000, // Node looks for late requests only this often. Its own 30 s would stretch the 15 s above to 45.
}

const HANDSHAKE_TIMEOUT_MS = 10_000

/** A server, not yet listening, that speaks HTTPS with `pair`, or HTTP if it is null. */
export function createListener(pair: CheckedPair | null, { maxConnections }: Pick<Settings, 'maxConnections'>): HttpServer | HttpsServer {
  const server = pair
    ? new HttpsServer({ ...TIMEOUTS, ...secureContext(pair), handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
    : new HttpServer(TIMEOUTS)
  server.maxConnections = maxConnections
  return server
}

/** What `setSecureContext` needs as much as the constructor: whatever it is not told again falls back to Node's defaults. */
export function secureContext({ cert, key }: Pick<CheckedPair, 'cert' | 'key'>) {
  return { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS, honorCipherOrder: false } as const
}

/** The origins under which browsers can reach the server: one for each name of its certificate, save wildcards. */
export function originsOf({ leaf }: Pick<CheckedPair, 'leaf'>, port: number): string[] {
  return subjectNames(leaf)
    .filter(name => !name.startsWith('*.'))
    .map(name => `https://${name.includes(':') ? `[${name}]` : name}${port === 443 ? '' : `:${port}`}`)
}
