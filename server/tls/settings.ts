/**
 * What the operator has to mend before the server can start. The message is one sentence that says what, why and how.
 */
export class StartupError extends Error {
  override name = 'StartupError'
}

/** Where the certificate pair is, and what to call it in messages. */
export interface CertificatePaths {
  cert: string
  key: string
  /** True if neither variable is set: the local certificate of `npm run certs` is meant. */
  local: boolean
  /** Serve a certificate that has ended: for the hours in which no other can be had. */
  allowExpired: boolean
}

/** The listener's settings, checked. */
export interface Settings {
  /** Null: TLS ends at a proxy in front, and this server speaks plain HTTP. */
  tls: CertificatePaths | null
  listen: { path: string } | { port: number, host?: string }
  /** Connections above this are dropped as they arrive. */
  maxConnections: number
  timeouts: Timeouts
  /** How long requests in flight may take to end, once the server was told to stop. */
  shutdownTimeoutMs: number
}

/**
 * How long a client may take, in milliseconds. Time that it does not use is an attacker's: a connection held open costs
 * a client next to nothing.
 */
export interface Timeouts {
  /** For the TLS handshake. */
  handshake: number
  /** From the connection, or the end of the request before, to the end of a request's headers. */
  headers: number
  /** To the end of a request's body. The response may last: it may be an event stream. */
  request: number
  /** For the next request on a connection, and for reading any more of an answer that waits. */
  keepAlive: number
}

type Environment = Record<string, string | undefined>

/** The longest that a timer can be set to. */
const MAX_TIMEOUT_MS = 2_147_483_647

/**
 * Reads the listener's settings from the environment. A variable that is empty counts as not set.
 *
 * @throws StartupError on the first variable whose value cannot be meant.
 */
export function readSettings(env: Environment): Settings {
  return {
    tls: readCertificatePaths(env),
    listen: env.NITRO_UNIX_SOCKET
      ? { path: env.NITRO_UNIX_SOCKET }
      : { port: readPort(env), host: env.NITRO_HOST || env.HOST || undefined },
    maxConnections: readInteger(env, 'NITRO_MAX_CONNECTIONS', 10_000, 1, 1_000_000),
    timeouts: readTimeouts(env),
    shutdownTimeoutMs: readInteger(env, 'NITRO_SHUTDOWN_TIMEOUT', 30_000, 0, MAX_TIMEOUT_MS),
  }
}

/**
 * A proxy and a certificate together are refused, though one could be let win: whoever sets both believes either that
 * this hop is encrypted or that it is not, and half of them would be wrong without knowing.
 */
function readCertificatePaths(env: Environment): CertificatePaths | null {
  const { NUXT_TLS_CERT: cert, NUXT_TLS_KEY: key } = env
  if (readFlag(env, 'NUXT_CLOAKROOM_BEHIND_PROXY')) {
    if (!cert && !key) return null
    throw new StartupError(
      `NUXT_CLOAKROOM_BEHIND_PROXY says that TLS ends at a proxy in front, but `
      + `${cert ? 'NUXT_TLS_CERT' : 'NUXT_TLS_KEY'} is set too: unset one of them.`,
    )
  }
  if (Boolean(cert) !== Boolean(key)) {
    const [present, missing] = cert ? ['NUXT_TLS_CERT', 'NUXT_TLS_KEY'] : ['NUXT_TLS_KEY', 'NUXT_TLS_CERT']
    throw new StartupError(`${present} is set but ${missing} is not, and a certificate needs its key: set both, or `
      + `neither for certs/localhost.pem.`)
  }
  return {
    cert: cert || 'certs/localhost.pem',
    key: key || 'certs/localhost-key.pem',
    local: !cert,
    allowExpired: readFlag(env, 'NUXT_TLS_ALLOW_EXPIRED'),
  }
}

function readTimeouts(env: Environment): Timeouts {
  const timeouts = {
    handshake: readInteger(env, 'NITRO_HANDSHAKE_TIMEOUT', 10_000, 1, MAX_TIMEOUT_MS),
    headers: readInteger(env, 'NITRO_HEADERS_TIMEOUT', 15_000, 1, MAX_TIMEOUT_MS),
    request: readInteger(env, 'NITRO_REQUEST_TIMEOUT', 30_000, 1, MAX_TIMEOUT_MS),
    // Longer than the 60 s of common proxies, so that it is the proxy that closes an idle connection.
    keepAlive: readInteger(env, 'NITRO_KEEP_ALIVE_TIMEOUT', 65_000, 1, MAX_TIMEOUT_MS),
  }
  if (timeouts.headers > timeouts.request) {
    throw new StartupError('NITRO_HEADERS_TIMEOUT is longer than NITRO_REQUEST_TIMEOUT, though the headers are a part '
      + 'of the request: lower the one, or raise the other.')
  }
  return timeouts
}

function readFlag(env: Environment, name: string): boolean {
  const value = (env[name] ?? '').trim().toLowerCase()
  if (value === '1' || value === 'true') return true
  if (value === '0' || value === 'false' || value === '') return false
  throw new StartupError(`${name} is ${JSON.stringify(env[name])}, which is neither yes nor no: set it to 1 or 0.`)
}

function readPort(env: Environment): number {
  return readInteger(env, env.NITRO_PORT ? 'NITRO_PORT' : 'PORT', 3000, 0, 65_535)
}

function readInteger(env: Environment, name: string, byDefault: number, min: number, max: number): number {
  const text = env[name]?.trim()
  if (!text) return byDefault
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new StartupError(`${name} is ${JSON.stringify(text)}, which is no whole number from ${min} to ${max}: correct `
    + `or unset it.`)
}
