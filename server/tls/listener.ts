import { constants } from 'node:crypto'
import { Server as HttpServer } from 'node:http'
import type { ServerOptions } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { CheckedPair } from './certificate.ts'
import type { Settings } from './settings.ts'
import { subjectNames } from './subject-names.ts'

/**
 * TLS 1.3, and of TLS 1.2 only what Mozilla calls intermediate and has forward secrecy: with Node's own list, an RSA
 * key brings suites without.
 */
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

/** Cookies of other programs on the same host come along too, so no less; 431 beyond. */
const MAX_HEADER_BYTES = 16_384
/** Node looks for late requests only this often. Its own 30 s would stretch 15 to 45. */
const CHECK_EVERY_MS = 1_000

/** A server, not yet listening, that speaks HTTPS with `pair`, or HTTP if it is null. */
export function createListener(
  pair: CheckedPair | null,
  { maxConnections, timeouts }: Pick<Settings, 'maxConnections' | 'timeouts'>,
): HttpServer | HttpsServer {
  const options: ServerOptions = {
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, timeouts.headers),
    maxHeaderSize: MAX_HEADER_BYTES,
    requireHostHeader: false, // `refuseMalformed` asks for it, and answers as all refusals do.
  }
  const server = pair
    ? new HttpsServer({ ...options, ...secureContext(pair), handshakeTimeout: timeouts.handshake })
    : new HttpServer(options)
  server.maxConnections = maxConnections
  return server
}

/**
 * What `setSecureContext` needs as much as the constructor: whatever it is not told again falls back to Node's
 * defaults.
 */
export function secureContext({ cert, key }: Pick<CheckedPair, 'cert' | 'key'>) {
  // Renegotiation exists in TLS 1.2 only, and only attackers begin one. Early data, which could be replayed, Node never
  // takes.
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } as const
}

/** The origins under which browsers can reach the server: one for each name of its certificate, save wildcards. */
export function originsOf({ leaf }: Pick<CheckedPair, 'leaf'>, port: number): string[] {
  return subjectNames(leaf)
    .filter(name => !name.startsWith('*.'))
    .map(name => `https://${name.includes(':') ? `[${name}]` : name}${port === 443 ? '' : `:${port}`}`)
}
