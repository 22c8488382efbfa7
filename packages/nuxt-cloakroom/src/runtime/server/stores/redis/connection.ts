import { Cluster, Redis } from 'ioredis'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { ConfigError } from '../../sessions/errors'
import type { RedisClient } from './scripts'

const COMMAND_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2000
const MIN_RECONNECT_DELAY_MS = 50
const MAX_RECONNECT_DELAY_MS = 1000
const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 }
const OPTIONS = ['sentinel', 'cluster', 'prefix']
const FIX = 'Write redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, several hosts with ?sentinel=NAME or '
  + '?cluster=1, and ?prefix=TEXT for separate keys.'

/** Scheme, credentials, hosts, database number, query. */
const URL_PARTS = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?([^#]*))?$/
/** A name, an IPv4 address or a bracketed IPv6 address, with an optional port. */
const NODE = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i

export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly nodes: readonly { readonly host: string, readonly port: number }[]
  /** The name of the group that the sentinels watch. */
  readonly sentinelName?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly db: number
  readonly tls: boolean
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
  const options = new URLSearchParams(query)
  const unknown = [...options.keys()].find(name => !OPTIONS.includes(name))
  if (unknown) return fail(`has an unknown option "${unknown}"`)
  const sentinelName = options.get('sentinel') ?? undefined
  const kind = sentinelName ? 'sentinel' : options.get('cluster') === '1' ? 'cluster' : 'single'
  const nodes = hosts.split(',').map(node =>
    parseNode(node, DEFAULT_PORTS[kind]) ?? fail(`has "${node}", which is not a host and port`))
  if (kind === 'single' && nodes.length > 1) return fail('has several hosts, but neither ?sentinel=NAME nor ?cluster=1')
  if (kind === 'cluster' && Number(db) !== 0) return fail('has a database number, but a cluster has only database 0')
  const login = parseCredentials(credentials) ?? fail('has a user name or password that is not percent-encoded')
  const prefix = options.get('prefix') ?? 'cloakroom'
  return { kind, nodes, sentinelName, ...login, db: Number(db), tls: scheme === 'rediss', prefix }
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
  const tls = target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}
  return new Redis({ ...options, ...tls, sentinels: [...target.nodes], name: target.sentinelName! })
}

function redisOptions(target: RedisTarget): RedisOptions {
  const { username, password, db, tls, commandTimeout = COMMAND_TIMEOUT_MS } = target
  return {
    username,
    password,
    db,
    ...(tls ? { tls: {} } : {}),
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
    reconnectOnError: error => error.message.startsWith('READONLY'),
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
