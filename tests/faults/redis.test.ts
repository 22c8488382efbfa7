import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { redisDriver } from '../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../layers/session/server/drivers/redis/connection'
import { StoreError } from '../../layers/session/server/engine/store'
import type { AtomicDriver, StoreNews } from '../../layers/session/server/engine/store'
import { A, B, GUARD, KEYS, NOW, keysOf, meta, owned } from '../support/contract/samples'
import { startProxy } from '../support/faulty-proxy'
import type { FaultyProxy } from '../support/faulty-proxy'
import { findRedis } from '../support/redis'
import { startCluster, startSentinel } from '../support/redis-groups'
import type { RedisGroup } from '../support/redis-groups'
import { useRedis } from '../support/redis-driver'
import { eventually } from '../support/eventually'

const program = findRedis()

describe.skipIf(!program)('a Redis that fails', () => {
  const bench = useRedis(program)

  it('forgets its scripts, which nobody notices (E15)', async () => {
    const { driver, admin } = bench()
    await driver.create(A, 'value', meta())
    await admin.script('FLUSH')
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('replaced')
    await admin.script('FLUSH')
    const outcomes = await Promise.all(KEYS.slice(1).map(key => driver.create(key, 'value', meta())))
    expect(outcomes.every(Boolean)).toBe(true)
  })

  it('is out of memory: it is read, signed out of, and written to again once there is room (E15)', async () => {
    const { driver, admin } = bench()
    for (const key of [A, B]) await driver.enrol(key, 'value', owned('ada'), GUARD)
    await admin.config('SET', 'maxmemory', 1)
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toThrow('[session] [store:redis] is out of memory')
    await expect(driver.create(KEYS[5]!, 'value', meta())).rejects.toBeInstanceOf(StoreError)
    expect(await driver.read(A)).toMatchObject({ value: 'value', version: 1 })
    expect(await driver.remove(B, NOW, 'signed_out')).toBe(true)
    expect(await driver.read(B)).toBeNull()
    await admin.config('SET', 'maxmemory', 0)
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('replaced')
  })

  it('becomes a replica, and a primary again (E15)', async () => {
    const { driver, admin } = bench()
    await driver.create(A, 'value', meta())
    await admin.replicaof('127.0.0.1', 1)
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toThrow('[session] [store:redis] is a replica, which only reads')
    await admin.replicaof('NO', 'ONE')
    expect(await eventually(() => driver.replace(A, 'changed', meta(), 1))).toBe('replaced')
  })

  it('has another password by now (E15)', async () => {
    const { driver, admin } = bench()
    await driver.create(A, 'value', meta())
    await admin.config('SET', 'requirepass', 'new')
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(() => expect(() => driver.read(A)).rejects.toThrow('[session] [store:redis] asks for a user name and password'))
    await admin.config('SET', 'requirepass', '')
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })

  it('has lost everything: sessions are gone, and nothing is written into what is not there (E16)', async () => {
    const { driver, admin } = bench()
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    await admin.del(`cloakroom:session:${A}`)
    expect(await driver.read(A)).toBeNull()
    expect(await driver.replace(A, 'changed', meta(), 1)).toBe('gone')
    expect(await driver.listByOwner('ada')).toEqual([])
    expect(await driver.removeByOwner('ada', NOW)).toEqual([])
  })

  it('hangs: who asks is told so, and it is used again when it goes on (E8)', async () => {
    const { driver, server } = bench()
    await driver.create(A, 'value', meta())
    server.signal('SIGSTOP')
    try {
      await expect(driver.read(A)).rejects.toThrow('[session] [store:redis] does not answer in time')
    }
    finally {
      server.signal('SIGCONT')
    }
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })
})

describe.skipIf(!program)('a network between app and Redis that fails', () => {
  const bench = useRedis(program)
  let proxy: FaultyProxy
  let driver: AtomicDriver

  beforeEach(async () => {
    proxy = await startProxy(bench().server.port)
    driver = bench().open(`redis://127.0.0.1:${proxy.port}`)
    await driver.create(A, 'value', meta())
  })

  afterEach(async () => {
    await driver.dispose?.()
    await proxy.dispose()
  })

  it('drops a connection without a word: another is made', async () => {
    proxy.fallSilent()
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })

  it('cuts a connection in the middle of a reply, which counts for nothing (E15)', async () => {
    proxy.cutAfter(7)
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })

  it('loses the reply to a write, which happened once all the same and is not sent again', async () => {
    proxy.cutAfter(0)
    await expect(driver.replace(A, 'changed', meta(), 1)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'changed', version: 2 })
  })

  it('drops the connection on which news come without a word: another is made, and everything asked for anew', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const heard: StoreNews[] = []
    driver.listen!(news => void heard.push(news))
    await eventually(() => expect(heard).toEqual(['anything']))
    proxy.fallSilent()
    vi.advanceTimersByTime(5000)
    vi.useRealTimers()
    await eventually(() => expect(heard).toEqual(['anything', 'anything']))
    const other = bench().open()
    await other.remove(A, NOW, 'revoked')
    await other.dispose?.()
    await eventually(() => expect(heard).toContainEqual({ session: A }))
  })

  it('is down for a while', async () => {
    const restore = proxy.refuse()
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    restore()
    expect(await eventually(() => driver.read(A))).toMatchObject({ value: 'value' })
  })
})

describe.skipIf(!program)('several Redis servers', () => {
  let group: RedisGroup
  let driver: AtomicDriver

  afterEach(async () => {
    await driver.dispose?.()
    await group.dispose()
  })

  it('of which a sentinel makes another the primary: refused meanwhile, and then all that had reached it is there (E15)', async () => {
    group = await startSentinel(program!)
    driver = redisDriver({ target: parseRedisUrl(group.url) })
    const heard: StoreNews[] = []
    driver.listen!(news => void heard.push(news))
    await eventually(() => expect(heard).toEqual(['anything']))
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    await replicated(group.servers[0]!.port)
    await group.servers[0]!.kill()
    await expect(driver.read(A)).rejects.toBeInstanceOf(StoreError)
    expect(await eventually(() => driver.replace(A, 'changed', meta(), 1))).toBe('replaced')
    expect(await keysOf(driver, 'ada')).toEqual([A])
    await eventually(() => expect(heard).toEqual(['anything', 'anything']))
    await driver.remove(A, NOW, 'revoked')
    await eventually(() => expect(heard).toContainEqual({ session: A }))
  })

  it('of which one takes over a part of the keys from another: nobody notices (E15 MOVED, ASK)', async () => {
    const cluster = await startCluster(program!)
    group = cluster
    driver = redisDriver({ target: parseRedisUrl(group.url) })
    for (const key of KEYS) await driver.create(key, 'value', meta())
    const versions = new Map(KEYS.map(key => [key, 1]))
    await cluster.moveSlot(`cloakroom:session:${A}`, async () => {
      for (const key of KEYS) expect(await driver.replace(key, 'changed', meta(), versions.get(key)!)).toBe('replaced')
      for (const key of KEYS) versions.set(key, versions.get(key)! + 1)
    })
    await driver.replace(A, 'last', meta(), versions.get(A)!)
    expect(await driver.read(A)).toMatchObject({ value: 'last', version: versions.get(A)! + 1 })
  })
})

/** Redis acknowledges before its replicas have a write. */
async function replicated(port: number) {
  const client = new Redis(port)
  await client.set('mark', 1)
  expect(await client.wait(1, 10_000)).toBe(1)
  client.disconnect()
}
