/**
 * A problem that the operator has to fix before the server can start. The message is one sentence with the problem,
 * the reason and the fix.
 */
export class StartupError extends Error {
  override name = 'StartupError'
}

/** The paths of the certificate pair, and how messages refer to it. */
export interface CertificatePaths {
  cert: string
  key: string
  /** True if neither variable is set: then the local certificate of `npm run certs` is used. */
  local: boolean
  /** Use an expired certificate, for the hours in which no other one is available. */
  allowExpired: boolean
}

/** The listener's settings, validated. */
export interface Settings {
  /** Null if TLS ends at a proxy in front, and this server serves plain HTTP. */
  tls: CertificatePaths | null
  listen: { path: string } | { port: number, host?: string }
  /** Connections above this are dropped as they arrive. */
  maxConnections: number
  timeouts: Timeouts
  /** How long requests in flight may take to end after the server was told to stop. */
  shutdownTimeoutMs: number
}

/**
 * How long a client may take, in milliseconds. Time that clients do not need helps attackers: an open connection
 * costs a client next to nothing.
 */
export interface Timeouts {
  /** For the TLS handshake. */
  handshake: number
  /** From the connection, or the end of the previous request, to the end of a request's headers. */
  headers: number
  /** To the end of a request's body. The response may take longer: it may be an event stream. */
  request: number
  /** For the next request on a connection, and for reading more of a response that is waiting. */
  keepAlive: number
}

type Environment = Record<string, string | undefined>

/** The longest delay that a timer supports. */
const MAX_TIMEOUT_MS = 2_147_483_647

/**
 * Reads the listener's settings from the environment. An empty variable counts as not set.
 *
 * @throws StartupError on the first variable with an invalid value.
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
 * Refuses a proxy together with a certificate, although one could take precedence. An operator who sets both believes
 * either that this hop is encrypted or that it is not, and half of them would be wrong without knowing it.
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
    // Longer than the 60 s of common proxies, so the proxy is the one that closes an idle connection.
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
