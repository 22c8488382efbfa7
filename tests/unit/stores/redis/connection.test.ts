import type { Cluster, Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, parseRedisUrl } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'

const BAD_HOST = 'has a host that is not HOST or HOST:PORT. Special characters of a password have to be percent-encoded'

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost', {
      kind: 'single', nodes: [{ host: 'localhost', port: 6379 }], db: 0, tls: false, prefix: 'cloakroom',
    }],
    ['rediss://cache.example:6380/3', { nodes: [{ host: 'cache.example', port: 6380 }], db: 3, tls: true }],
    ['redis://[::1]:7000', { nodes: [{ host: '::1', port: 7000 }] }],
    ['redis://app:s%40crät%3A@h', { username: 'app', password: 's@crät:' }],
    ['redis://:a:b@h', { username: undefined, password: 'a:b' }],
    ['redis://a,b:1,[::2]:3?sentinel=main', {
      kind: 'sentinel',
      sentinelName: 'main',
      nodes: [{ host: 'a', port: 26_379 }, { host: 'b', port: 1 }, { host: '::2', port: 3 }],
    }],
    ['redis://a?sentinel=main&sentinelUser=watcher&sentinelPassword=s%40cr%26t', {
      kind: 'sentinel', sentinelUser: 'watcher', sentinelPassword: 's@cr&t',
    }],
    ['redis://a?sentinel=main&sentinelPassword=a+b/c=', { sentinelPassword: 'a+b/c=' }],
    ['rediss://h?servername=cache.internal', { tls: true, ca: undefined, servername: 'cache.internal' }],
    ['redis://a,b:1?cluster=1&prefix=shop', {
      kind: 'cluster', nodes: [{ host: 'a', port: 6379 }, { host: 'b', port: 1 }], prefix: 'shop',
    }],
  ])('parses %s', (url, target) => {
    expect(parseRedisUrl(url)).toMatchObject(target)
  })

  it.each([
    ['redis:', 'is not a Redis URL'],
    ['redis://', 'is not a Redis URL'],
    ['redis://h/x', 'is not a Redis URL'],
    ['redis://h:port', BAD_HOST],
    ['redis://user:hunter2,hunter2', BAD_HOST],
    ['redis://default:hunter2', BAD_HOST],
    ['redis://default:99999', BAD_HOST],
    ['redis://h?prefix=a+b', 'has a prefix that is not 1 to 100 letters, digits, or . : / _ -'],
    ['redis://h?prefix=a%20b', 'has a prefix that is not 1 to 100 letters, digits, or . : / _ -'],
    ['redis://h?prefix=', 'has a prefix that is not 1 to 100 letters, digits, or . : / _ -'],
    ['redis://h?prefix={a}', 'has a prefix that is not 1 to 100 letters, digits, or . : / _ -'],
    ['redis://h?sentinel=main&sentinelPassword=a&hunter2', 'has an unknown option'],
    ['redis://:pa?hunter2@h', 'has an unknown option'],
    ['redis://h?sentinel=&sentinelPassword=hunter2', 'has an empty sentinel name'],
    ['redis://a,b', 'has several hosts, but neither ?sentinel=NAME nor ?cluster=1'],
    ['redis://a,b/1?cluster=1', 'has a database number, but a cluster has only database 0'],
    ['redis://h?tls=1', 'has an unknown option "tls"'],
    ['redis://h?ca=/no.pem', 'has ca, but is not rediss://'],
    ['redis://h?servername=a', 'has servername, but is not rediss://'],
    ['redis://h?sentinelPassword=hunter2', 'has sentinelPassword, but no sentinel=NAME'],
    ['redis://a:hunter2%@h', 'has a user name or password that is not percent-encoded'],
  ])('refuses %s with the reason and without the password', (url, problem) => {
    expect(() => parseRedisUrl(url)).toThrow(`[cloakroom] NUXT_CLOAKROOM_STORE ${problem}. Write redis://`)
    expect(() => parseRedisUrl(url)).not.toThrow('hunter2')
  })
})

describe('connect', () => {
  let client: Redis | Cluster

  afterEach(() => client.disconnect())

  function optionsOf(url: string) {
    client = connect(parseRedisUrl(url))
    client.on('error', () => {}) // There is no server.
    return client.options
  }

  /** For every kind of connection: commands fail fast and are never sent twice. */
  const FAIL_FAST = {
    commandTimeout: 500,
    connectTimeout: 2000,
    socketTimeout: 1000,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  }

  it('connects to a single server', () => {
    expect(optionsOf('redis://app:secret@127.0.0.1:1/3')).toMatchObject({
      ...FAIL_FAST,
      host: '127.0.0.1',
      port: 1,
      username: 'app',
      password: 'secret',
      db: 3,
      enableOfflineQueue: false,
    })
    expect(client.options).not.toHaveProperty('tls')
  })

  it('connects to a single server over TLS and verifies its certificate', () => {
    const { tls } = optionsOf('rediss://localhost:1') as { tls?: object }
    expect(tls).toEqual({})
  })

  it('connects to the primary behind sentinels, with the password for the primary only', () => {
    const options = optionsOf('redis://app:secret@127.0.0.1:1,127.0.0.1:2/3?sentinel=main')
    expect(options).toMatchObject({
      ...FAIL_FAST,
      sentinels: [{ host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port: 2 }],
      name: 'main',
      role: 'master',
      password: 'secret',
      db: 3,
    })
    expect(options).not.toHaveProperty('sentinelTLS')
    expect(options).not.toHaveProperty('sentinelPassword')
  })

  it('connects to sentinels that have a user and a password of their own', () => {
    const url = 'redis://app:secret@127.0.0.1:1?sentinel=main&sentinelUser=watcher&sentinelPassword=other'
    const expected = { password: 'secret', sentinelUsername: 'watcher', sentinelPassword: 'other' }
    expect(optionsOf(url)).toMatchObject(expected)
  })

  it.each([
    ['/does/not/exist.pem', 'ENOENT'],
    [import.meta.filename, 'ERR_OSSL_PEM_NO_START_LINE'],
  ])('does not start with %s as the certificate of an authority', (file, code) => {
    client = connect(parseRedisUrl('redis://127.0.0.1:1'))
    client.on('error', () => {})
    const problem = `[cloakroom] NUXT_CLOAKROOM_STORE has ca=${file}, which cannot be used (${code}). Give the path of`
    expect(() => parseRedisUrl(`rediss://127.0.0.1:1?ca=${file}`)).toThrow(problem)
  })

  it('connects to sentinels and to their primary over TLS', () => {
    const options = optionsOf('rediss://127.0.0.1:1?sentinel=main')
    expect(options).toMatchObject({ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true })
  })

  it('connects to a cluster and never repeats a command whose outcome is unknown', () => {
    const options = optionsOf('rediss://app:secret@127.0.0.1:1,127.0.0.1:2?cluster=1')
    expect(options).toMatchObject({
      retryDelayOnFailover: 0,
      redisOptions: { ...FAIL_FAST, username: 'app', password: 'secret', tls: {}, enableAutoPipelining: false },
    })
    expect((client as Cluster).isCluster).toBe(true)
  })

  it('reconnects soon at first, and then at most once a second', () => {
    const { retryStrategy } = optionsOf('redis://127.0.0.1:1') as { retryStrategy: (attempt: number) => number }
    const delays = [1, 2, 3, 20].map(retryStrategy)
    expect(delays[0]).toBeLessThanOrEqual(200)
    expect(delays).toEqual(delays.toSorted((a, b) => a - b))
    expect(Math.max(...delays)).toBe(1000)
  })
})
