import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis } from 'ioredis'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { ConfigError } from '../../sessions/errors'
import { withoutScript } from './failure'
import type { RedisClient } from './scripts'

const COMMAND_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2000
const MIN_RECONNECT_DELAY_MS = 50
const MAX_RECONNECT_DELAY_MS = 1000
const MAX_PORT = 65_535
const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 }
const TLS_OPTIONS = ['ca', 'servername']
const SENTINEL_OPTIONS = ['sentinelUser', 'sentinelPassword']
const OPTIONS = ['sentinel', 'cluster', 'prefix', ...TLS_OPTIONS, ...SENTINEL_OPTIONS]
const FIX = 'Write redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, several hosts with ?sentinel=NAME or '
  + '?cluster=1, and ?prefix=TEXT for separate keys. The README of nuxt-cloakroom lists all options.'

/** Scheme, credentials, hosts, database number, query. */
const URL_PARTS = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?([^#]*))?$/
/** A name, an IPv4 address or a bracketed IPv6 address, with an optional port. */
const NODE = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i
/** Without spaces, which separate the words of a message between servers, and without braces, which name a slot. */
const PREFIX = /^[\w.:/-]{1,100}$/

export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly nodes: readonly { readonly host: string, readonly port: number }[]
  /** The name of the group that the sentinels watch. */
  readonly sentinelName?: string | undefined
  /** Of the sentinels themselves, which may have another user and password than the servers. */
  readonly sentinelUser?: string | undefined
  readonly sentinelPassword?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly db: number
  readonly tls: boolean
  /** The certificate of the authority that has signed the server's, as PEM. Default: those that Node knows. */
  readonly ca?: string | undefined
  /** The name in the server's certificate, if it is not the host's. */
  readonly servername?: string | undefined
  /** The beginning of all keys. */
  readonly prefix: string
  /** Milliseconds after which a command without a reply fails. Default 500. */
  readonly commandTimeout?: number
}

/**
 * Parses a Redis URL: `redis://` or, over TLS, `rediss://`; one host, or several with `?sentinel=NAME` or `?cluster=1`.
 *
 * @throws ConfigError, which contains no password
 */
export function parseRedisUrl(url: string): RedisTarget {
  const fail = (problem: string): never => {
    throw new ConfigError('NUXT_CLOAKROOM_STORE', problem, FIX)
  }
  const parts = URL_PARTS.exec(url)
  if (!parts) return fail('is not a Redis URL')
  const [, scheme, credentials = '', hosts = '', db = '', query] = parts
  const options = new URLSearchParams(query?.replaceAll('+', '%2B')) // Not a form: `+` may be part of a password.
  const unknown = [...options.keys()].find(name => !OPTIONS.includes(name))
  const mayBePassword = /@|Password/.test(url) // One that is not percent-encoded.
  if (unknown !== undefined) return fail(`has an unknown option${mayBePassword ? '' : ` "${unknown}"`}`)
  if (options.get('sentinel') === '') return fail('has an empty sentinel name')
  const tlsOption = TLS_OPTIONS.find(name => scheme === 'redis' && options.has(name))
  if (tlsOption) return fail(`has ${tlsOption}, but is not rediss://`)
  const sentinelOption = SENTINEL_OPTIONS.find(name => !options.has('sentinel') && options.has(name))
  if (sentinelOption) return fail(`has ${sentinelOption}, but no sentinel=NAME`)
  const [sentinelName, sentinelUser, sentinelPassword, caFile, servername]
    = ['sentinel', ...SENTINEL_OPTIONS, ...TLS_OPTIONS].map(name => options.get(name) ?? undefined)
  const kind = sentinelName ? 'sentinel' : options.get('cluster') === '1' ? 'cluster' : 'single'
  const nodes = hosts.split(',').map(node =>
    parseNode(node, DEFAULT_PORTS[kind]) ?? fail('has a host that is not HOST or HOST:PORT. Special characters of a '
      + 'password have to be percent-encoded'))
  if (kind === 'single' && nodes.length > 1) return fail('has several hosts, but neither ?sentinel=NAME nor ?cluster=1')
  if (kind === 'cluster' && Number(db) !== 0) return fail('has a database number, but a cluster has only database 0')
  const login = parseCredentials(credentials) ?? fail('has a user name or password that is not percent-encoded')
  const prefix = options.get('prefix') ?? 'cloakroom'
  if (!PREFIX.test(prefix)) return fail('has a prefix that is not 1 to 100 letters, digits, or . : / _ -')
  const certificate = { ca: caFile === undefined ? undefined : readCertificate(caFile), servername }
  const sentinel = { sentinelName, sentinelUser, sentinelPassword }
  return { kind, nodes, ...sentinel, ...login, db: Number(db), tls: scheme === 'rediss', ...certificate, prefix }
}

/**
 * A client that fails fast and never repeats a command: after a lost reply it is unknown whether a compare-and-set has
 * happened, and a repeated one could apply an update twice. The caller responds with 503.
 */
export function connect(target: RedisTarget): RedisClient {
  if (target.kind === 'cluster') return new Cluster([...target.nodes], clusterOptions(target))
  return connectServer(target, redisOptions(target))
}

/**
 * A separate connection that can subscribe to channels. In a cluster to any of its nodes: what is published on one
 * reaches all. It does not reconnect automatically.
 */
export function connectSubscriber(target: RedisTarget, client: RedisClient): Redis {
  const options: RedisOptions = { ...redisOptions(target), retryStrategy: () => null, autoResubscribe: false }
  if (client instanceof Redis) return connectServer(target, options)
  const nodes = client.nodes().map(({ options: { host, port } }) => ({ host, port }))
  return new Redis({ ...options, ...(nodes[Math.floor(Math.random() * nodes.length)] ?? target.nodes[0]!) })
}

function connectServer(target: RedisTarget, options: RedisOptions): Redis {
  if (target.kind === 'single') return new Redis({ ...options, ...target.nodes[0]! })
  const { nodes, sentinelName, sentinelUser, sentinelPassword } = target
  return new Redis({
    ...options,
    ...(options.tls ? { enableTLSForSentinelMode: true, sentinelTLS: options.tls } : {}),
    ...(sentinelUser === undefined ? {} : { sentinelUsername: sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    sentinels: [...nodes],
    name: sentinelName!,
  })
}

function redisOptions(target: RedisTarget): RedisOptions {
  const { username, password, db, commandTimeout = COMMAND_TIMEOUT_MS } = target
  return {
    username,
    password,
    db,
    ...(target.tls ? { tls: tlsOptions(target) } : {}),
    commandTimeout,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A connection that receives nothing for this long is closed: a firewall or a failed machine may have dropped it.
    socketTimeout: 2 * commandTimeout,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: reconnectDelay,
    // After a failover the old primary replies READONLY: reconnecting finds the new one.
    reconnectOnError: error => withoutScript(error.message).startsWith('READONLY'),
  }
}

function tlsOptions({ ca, servername }: RedisTarget): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { servername }),
  }
}

/** @throws ConfigError if the file is not a certificate: without it, each request would fail */
function readCertificate(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8')
    new X509Certificate(pem)
    return pem
  }
  catch (error) {
    const { code = 'not a PEM certificate' } = error as NodeJS.ErrnoException
    const problem = `has ca=${file}, which cannot be used (${code})`
    const fix = 'Give the path of a PEM file with the authority’s certificate.'
    throw new ConfigError('NUXT_CLOAKROOM_STORE', problem, fix)
  }
}

function clusterOptions(target: RedisTarget): ClusterOptions {
  return {
    // Not pipelined: ioredis follows the redirection of a whole pipeline only, so a moved slot would fail for long.
    redisOptions: { ...redisOptions(target), enableAutoPipelining: false },
    // Nodes are connected when they are first needed; commands wait for that, within their timeout.
    enableOfflineQueue: true,
    // 0: a command whose connection broke is not sent again. Redirected ones are, because the first node has not run
    // them.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    clusterRetryStrategy: reconnectDelay,
  }
}

/** @param attempt starts at 0 */
export function reconnectDelay(attempt: number): number {
  return Math.min(MIN_RECONNECT_DELAY_MS * 2 ** attempt, MAX_RECONNECT_DELAY_MS)
}

function parseNode(text: string, defaultPort: number) {
  const [, host, port] = NODE.exec(text) ?? []
  if (Number(port ?? 0) > MAX_PORT) return undefined
  return host ? { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : defaultPort } : undefined
}

function parseCredentials(text: string): Pick<RedisTarget, 'username' | 'password'> | undefined {
  if (text === '') return {}
  const [name = '', ...secret] = text.split(':')
  try {
    const password = decodeURIComponent(secret.join(':'))
    return { username: name === '' ? undefined : decodeURIComponent(name), password }
  }
  catch {
    return undefined
  }
}
