import { Cluster, Redis } from 'ioredis'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { ConfigError } from '../../engine/errors'
import type { RedisClient } from './scripts'

const COMMAND_TIMEOUT_MS = 500
const CONNECT_TIMEOUT_MS = 2000
const LONGEST_RECONNECT_DELAY_MS = 1000
const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 }
const REMEDY = 'Write redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, several hosts with ?sentinel=NAME or ?cluster=1, and ?prefix=TEXT for keys of your own.'

export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly nodes: readonly { readonly host: string, readonly port: number }[]
  /** The name of the group that the sentinels watch. */
  readonly sentinelName?: string
  readonly username?: string
  readonly password?: string
  readonly db: number
  readonly tls: boolean
  /** What all keys begin with. */
  readonly prefix: string
  /** Milliseconds after which a command without a reply fails. Default 500. */
  readonly commandTimeout?: number
}

/**
 * Reads a Redis URL: `redis://` or, over TLS, `rediss://`; one host, or several with `?sentinel=NAME` or `?cluster=1`.
 *
 * @throws ConfigError, in which no password stands
 */
export function parseRedisUrl(url: string): RedisTarget {
  const fail = (problem: string): never => {
    throw new ConfigError('NUXT_SESSION_STORE', problem, REMEDY)
  }
  const parts = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?([^#]*))?$/.exec(url)
  if (!parts) return fail('is not a Redis URL')
  const [, scheme, credentials = '', hosts = '', db = '', query] = parts
  const options = new URLSearchParams(query)
  const unknown = [...options.keys()].find(name => !['sentinel', 'cluster', 'prefix'].includes(name))
  if (unknown) return fail(`has an unknown option "${unknown}"`)
  const sentinelName = options.get('sentinel') ?? undefined
  const kind = sentinelName ? 'sentinel' : options.get('cluster') === '1' ? 'cluster' : 'single'
  const nodes = hosts.split(',').map(node => parseNode(node, DEFAULT_PORTS[kind]) ?? fail(`has "${node}", which is no host and port`))
  if (kind === 'single' && nodes.length > 1) return fail('has several hosts, but neither ?sentinel=NAME nor ?cluster=1')
  if (kind === 'cluster' && Number(db) !== 0) return fail('has a database number, but a cluster has only database 0')
  const [username, password] = parseCredentials(credentials) ?? fail('has a user name or password that is not percent-encoded')
  return { kind, nodes, sentinelName, username, password, db: Number(db), tls: scheme === 'rediss', prefix: options.get('prefix') ?? 'cloakroom' }
}

/**
 * A client that fails fast and never repeats a command by itself: after a lost reply nobody knows whether a
 * compare-and-set has happened, and a blind second one could apply an update twice. Whoever asked gets 503.
 */
export function connect(target: RedisTarget): RedisClient {
  return target.kind === 'cluster' ? new Cluster([...target.nodes], clusterOptions(target)) : connectServer(target, redisOptions(target))
}

/** A connection of its own that can subscribe to channels. In a cluster to any of its nodes: what is published on one is heard on all. It does not come back by itself. */
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

function redisOptions({ username, password, db, tls, commandTimeout = COMMAND_TIMEOUT_MS }: RedisTarget): RedisOptions {
  return {
    username,
    password,
    db,
    ...(tls ? { tls: {} } : {}),
    commandTimeout,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A connection on which nothing comes back for so long is given up: a firewall or a failed machine may have dropped it.
    socketTimeout: 2 * commandTimeout,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: attempt => Math.min(50 * 2 ** attempt, LONGEST_RECONNECT_DELAY_MS),
    // After a failover the old primary answers READONLY: reconnecting finds the new one.
    reconnectOnError: error => error.message.startsWith('READONLY'),
  }
}

function clusterOptions(target: RedisTarget): ClusterOptions {
  return {
    // Not pipelined: ioredis follows the redirection of a whole pipeline only, so a slot that has moved would fail for long.
    redisOptions: { ...redisOptions(target), enableAutoPipelining: false },
    // Nodes are connected to when they are first needed; what is asked of one meanwhile waits for it, within the command's timeout.
    enableOfflineQueue: true,
    // 0: a command whose connection broke is not sent again. Redirected ones are, since the first node has not run them.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    clusterRetryStrategy: attempt => Math.min(50 * 2 ** attempt, LONGEST_RECONNECT_DELAY_MS),
  }
}

function parseNode(text: string, defaultPort: number) {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? []
  return host ? { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : defaultPort } : undefined
}

function parseCredentials(text: string): [username?: string, password?: string] | undefined {
  if (text === '') return []
  const [name = '', ...secret] = text.split(':')
  try {
    return [name === '' ? undefined : decodeURIComponent(name), decodeURIComponent(secret.join(':'))]
  }
  catch {
    return undefined
  }
}
