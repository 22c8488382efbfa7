import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AtomicDriver, StoreChange } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { StoreError } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { redisDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { parseRedisUrl } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'
import { A, B, C, KEYS, LIMIT, NOW, keysOf, meta, userMeta } from '../support/contract/samples'
import { eventually } from '../support/eventually'
import type { FaultyProxy } from '../support/faulty-proxy'
import { startProxy } from '../support/faulty-proxy'
import { findRedis } from '../support/redis'
import { redisTarget } from '../support/stores'
import { useRedis } from '../support/redis-driver'
import type { RedisGroup } from '../support/redis-groups'
import { startCluster, startSentinel } from '../support/redis-groups'

const HEARTBEAT_INTERVAL_MS = 5000
const SHORT_TIMEOUT_MS = 100
const program = findRedis()

/** Subscribes, and resolves when the connection is established. Returns the changes that are reported. */
async function subscribe(driver: AtomicDriver): Promise<StoreChange[]> {
  const reported: StoreChange[] = []
  driver.subscribe!((change) => {
    reported.push(change)
  })
  await eventually(() => expect(reported).toEqual(['unknown']))
  return reported
}

describe.skipIf(!program)('a Redis server that fails', () => {
  const fixture = useRedis(program)

  it('loses its scripts, and all commands still succeed', async () => {
    const { driver, admin } = fixture()
    await driver.create(A, 'value', meta())
    await admin.script('FLUSH')
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('replaced')
    await admin.script('FLUSH')
    const outcomes = await Promise.all(KEYS.slice(1).map(key => driver.create(key, 'value', meta())))
    expect(outcomes.every(Boolean)).toBe(true)
  })

  it('is out of memory: sessions can be read and removed, and written again when there is memory', async () => {
    const { driver, admin } = fixture()
    for (const key of [A, B]) await driver.assignUser(key, 'value', userMeta('ada'), LIMIT)
    await admin.config('SET', 'maxmemory', 1)
    const problem = '[cloakroom] [store:redis] is out of memory'
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toThrow(problem)
    await expect(driver.create(C, 'value', meta())).rejects.toBeInstanceOf(StoreError)
    expect(await driver.read(A)).toMatchObject({ value: 'value', version: 1 })
    expect(await driver.remove(B, NOW, 'signed_out')).toBe(true)
    expect(await driver.read(B)).toBeNull()
    await admin.config('SET', 'maxmemory', 0)
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('replaced')
  })

  it('becomes a replica, which refuses writes, and a primary again', async () => {
    const { driver, admin } = fixture()
    await driver.create(A, 'value', meta())
    await admin.replicaof('127.0.0.1', 1)
    const problem = '[cloakroom] [store:redis] is a replica, which cannot be written to'
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toThrow(problem)
    await admin.replicaof('NO', 'ONE')
    expect(await eventually(() => driver.replace(A, 'changed', meta(), 1))).toBe('replaced')
  })

  it('changes its password: commands fail until the password is valid again', async () => {
    const { driver, admin } = fixture()
    await driver.create(A, 'value', meta())
    await admin.config('SET', 'requirepass', 'new')
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    const problem = '[cloakroom] [store:redis] requires a user name and password'
    await eventually(() => expect(() => driver.read(A)).rejects.toThrow(problem))
    await admin.config('SET', 'requirepass', '')
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })

  it('loses a session, which is then missing, and no write restores it', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)
    await admin.del(`cloakroom:session:${A}`)
    expect(await driver.read(A)).toBeNull()
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('gone')
    expect(await driver.listByUser('ada')).toEqual([])
    expect(await driver.removeByUser('ada', NOW)).toEqual([])
  })

  it('hangs: commands fail with a timeout, and succeed when it responds again', async () => {
    const { driver, server, open } = fixture()
    await driver.create(A, 'value', meta())
    const impatient = open({ commandTimeout: SHORT_TIMEOUT_MS })
    await eventually(() => impatient.read(A))
    server.signal('SIGSTOP')
    try {
      await expect(impatient.read(A)).rejects.toThrow('[cloakroom] [store:redis] does not respond in time')
    }
    finally {
      server.signal('SIGCONT')
    }
    expect(await eventually(() => impatient.read(A))).toMatchObject({ value: 'value' })
    await impatient.dispose?.()
  })
})

describe.skipIf(!program)('a network between app and Redis that fails', () => {
  const fixture = useRedis(program)
  let proxy: FaultyProxy
  let driver: AtomicDriver
  const proxyUrl = () => `redis://127.0.0.1:${proxy.port}`

  beforeEach(async () => {
    proxy = await startProxy(fixture().server.port)
    driver = fixture().open({ url: proxyUrl() })
    await driver.create(A, 'value', meta())
  })

  afterEach(async () => {
    await proxy.dispose() // First, because a connection without data would stay open.
    await driver.dispose?.()
  })

  it('drops all data of a connection: the driver opens another one', async () => {
    const impatient = fixture().open({ url: proxyUrl(), commandTimeout: SHORT_TIMEOUT_MS })
    await eventually(() => impatient.read(A))
    proxy.blackhole()
    await expect(impatient.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => impatient.read(A))).toMatchObject({ value: 'value' })
    await impatient.dispose?.()
  })

  it('closes a connection in the middle of a reply: the driver ignores that reply', async () => {
    proxy.closeAfter(7)
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })

  it('loses the reply to a write: the write happened once, and the driver does not repeat it', async () => {
    proxy.closeAfter(0)
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'changed', version: 2 })
  })

  it('drops all data of the subscription: the driver subscribes again and reports unknown', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const impatient = fixture().open({ url: proxyUrl(), commandTimeout: SHORT_TIMEOUT_MS })
    const reported = await subscribe(impatient)
    proxy.blackhole()
    vi.advanceTimersByTime(HEARTBEAT_INTERVAL_MS)
    vi.useRealTimers()
    await eventually(() => expect(reported).toEqual(['unknown', 'unknown']))
    const other = fixture().open()
    await other.remove(A, NOW, 'revoked')
    await other.dispose?.()
    await eventually(() => expect(reported).toContainEqual({ sessionKey: A }))
    await impatient.dispose?.()
  })

  it('refuses connections for a while: commands fail until it accepts them again', async () => {
    const acceptAgain = proxy.refuse()
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    acceptAgain()
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })
})

describe.skipIf(!program)('a group of Redis servers', () => {
  let group: RedisGroup
  let driver: AtomicDriver

  afterEach(async () => {
    await driver.dispose?.()
    await group.dispose()
  })

  it('loses its primary: commands fail until a sentinel promotes the replica, which has all writes', async () => {
    group = await startSentinel(program!)
    driver = redisDriver({ target: parseRedisUrl(group.url) })
    const reported = await subscribe(driver)
    await eventually(() => driver.assignUser(A, 'value', userMeta('ada'), LIMIT))
    await untilReplicated(group.servers[0]!.port)
    await group.servers[0]!.kill()
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.replace(A, 'changed', meta(), 1))).toBe('replaced')
    expect(await eventually(() => keysOf(driver, 'ada'))).toEqual([A])
    await eventually(() => expect(reported).toEqual(['unknown', 'unknown']))
    await eventually(() => driver.remove(A, NOW, 'revoked'))
    await eventually(() => expect(reported).toContainEqual({ sessionKey: A }))
  })

  it('moves a slot from one server of a cluster to another: no command fails, and none happens twice', async () => {
    const cluster = await startCluster(program!)
    group = cluster
    driver = redisDriver({ target: redisTarget(group.url) })
    for (const key of KEYS) await driver.create(key, 'value', meta())
    const versions = new Map(KEYS.map(key => [key, 1]))
    await cluster.moveSlot(`cloakroom:session:${A}`, async () => {
      for (const key of KEYS) {
        expect(await driver.replace(key, 'changed', meta(), versions.get(key)!)).toBe('replaced')
        versions.set(key, versions.get(key)! + 1)
      }
    })
    await driver.replace(A, 'last', meta(), versions.get(A)!)
    expect(await driver.read(A)).toMatchObject({ value: 'last', version: versions.get(A)! + 1 })
  })
})

/** Redis acknowledges a write before its replicas have it. */
async function untilReplicated(port: number) {
  const client = new Redis(port)
  await client.set('mark', 1)
  expect(await client.wait(1, 10_000)).toBe(1)
  client.disconnect()
}
