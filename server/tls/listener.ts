import { constants } from 'node:crypto'
import { Server as HttpServer } from 'node:http'
import type { ServerOptions } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { CheckedPair } from './certificate.ts'
import type { Settings } from './settings.ts'
import { subjectNames } from './subject-names.ts'

/**
 * TLS 1.3, and those TLS 1.2 suites of Mozilla's intermediate configuration that have forward secrecy. With an RSA
 * key, Node's own list would add suites without it.
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

/** Not less: the cookies of other programs on the same host count too. Larger headers get a 431. */
const MAX_HEADER_BYTES = 16_384
/** How often Node looks for late requests. With its default of 30 s, a timeout of 15 s could take 45 s. */
const CHECK_EVERY_MS = 1_000

/** Creates a server that does not listen yet. It serves HTTPS with `pair`, or HTTP if `pair` is null. */
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
    requireHostHeader: false, // `refuseMalformed` checks it, and responds like all refusals.
  }
  const server = pair
    ? new HttpsServer({ ...options, ...secureContext(pair), handshakeTimeout: timeouts.handshake })
    : new HttpServer(options)
  server.maxConnections = maxConnections
  return server
}

/**
 * Returns the options for the constructor and for `setSecureContext`. The latter needs all of them again: Node resets
 * each missing one to its default.
 */
export function secureContext({ cert, key }: Pick<CheckedPair, 'cert' | 'key'>) {
  // Renegotiation exists in TLS 1.2 only, and only attackers start one. Node never accepts early data, which could be
  // replayed.
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } as const
}

/** Returns the origins at which browsers can reach the server: one per name in its certificate, except wildcards. */
export function originsOf({ leaf }: Pick<CheckedPair, 'leaf'>, port: number): string[] {
  return subjectNames(leaf)
    .filter(name => !name.startsWith('*.'))
    .map(name => `https://${name.includes(':') ? `[${name}]` : name}${port === 443 ? '' : `:${port}`}`)
}
