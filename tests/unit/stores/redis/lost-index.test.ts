import { describe, expect, it } from 'vitest'
import type { AtomicDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { TOMBSTONE_LIFETIME_MS } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { A, ABSOLUTE, B, C, LIMIT, NOW, keysOf, userMeta } from '../../../support/contract/samples'
import { createTestEngine } from '../../../support/engine'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'

const program = findRedis()

describe.skipIf(!program)('the index of a user’s sessions, lost in Redis', () => {
  const redis = useRedis(program)
  const INDEX = 'cloakroom:user:{ada}:sessions'

  const assign = (driver: AtomicDriver, key: string, startedAt = NOW, userId = 'ada') =>
    driver.assignUser(key, 'value', userMeta(userId, { secretTag: key }), { ...LIMIT, startedAt })

  const revoke = (driver: AtomicDriver, at: number, except?: string) =>
    driver.removeByUser('ada', at, except, at + ABSOLUTE)

  async function loseIndex() {
    expect(await redis().admin.del(INDEX)).toBe(1)
  }

  /** Reads everything, and waits for what the reads have begun. */
  async function read(driver: AtomicDriver, ...keys: string[]) {
    const records = await Promise.all(keys.map(key => driver.read(key)))
    await redis().admin.ping()
    return records.map(record => record?.value)
  }

  it('lists a session again as soon as it is used, on any server', async () => {
    const { driver, open } = redis()
    for (const key of [A, B]) await assign(driver, key)
    await loseIndex()
    expect(await keysOf(driver, 'ada')).toEqual([])
    await read(driver, A)
    expect(await keysOf(driver, 'ada')).toEqual([A])
    const other = open()
    await read(other, B)
    expect((await keysOf(driver, 'ada')).toSorted()).toEqual([A, B])
    expect(await redis().admin.pttl(INDEX)).toBeGreaterThan(0)
    await other.dispose?.()
  })

  it('ends all of the user’s sessions by a sign-out everywhere, used or not', async () => {
    const { driver, open } = redis()
    for (const key of [A, B]) await assign(driver, key)
    await assign(driver, C, NOW, 'bob')
    await loseIndex()
    expect(await revoke(driver, NOW + 5)).toEqual([])
    const other = open() // It has never read them.
    expect(await read(other, A, B, C)).toEqual([undefined, undefined, 'value'])
    expect(await driver.listByUser('ada')).toEqual([])
    await other.dispose?.()
  })

  it('leaves a tombstone of a session that the revocation itself has not found', async () => {
    const { driver } = redis()
    await assign(driver, A, NOW - 20_000)
    await loseIndex()
    await revoke(driver, NOW - 10_000)
    expect(await read(driver, A)).toEqual([undefined])
    expect(await driver.readTombstone(A)).toMatchObject({ reason: 'revoked', secretTag: A })
    expect(await redis().admin.pttl(`cloakroom:session:${A}`)).toBeGreaterThan(TOMBSTONE_LIFETIME_MS / 2)
  })

  it('ends them all but the one that stays', async () => {
    const { driver } = redis()
    for (const key of [A, B]) await assign(driver, key)
    await loseIndex()
    await revoke(driver, NOW + 5, B)
    expect(await read(driver, A, B)).toEqual([undefined, 'value'])
    await revoke(driver, NOW + 6)
    expect(await read(driver, B)).toEqual([undefined])
  })

  it('ends no session of a sign-in that began later', async () => {
    const { driver } = redis()
    await assign(driver, A)
    await loseIndex()
    await revoke(driver, NOW + 5)
    await assign(driver, B, NOW + 6)
    expect(await driver.assignUser(A, 'again', userMeta('ada'), { ...LIMIT, startedAt: NOW + 6 }, 1))
      .toMatchObject({ outcome: 'written' })
    expect(await read(driver, A, B)).toEqual(['again', 'value'])
  })

  it('is not what decides about a revoked session that it names', async () => {
    const { driver, admin } = redis()
    for (const key of [A, B]) await assign(driver, key)
    const entries = await admin.zrange(INDEX, 0, -1, 'WITHSCORES')
    await loseIndex()
    await revoke(driver, NOW + 5)
    await admin.zadd(INDEX, entries[1]!, entries[0]!) // A replica that was behind has become the primary.
    expect(await driver.listByUser('ada')).toEqual([])
  })

  it('remembers a revocation for as long as a session could live, and never less than before', async () => {
    const { driver, admin } = redis()
    await revoke(driver, NOW)
    await driver.removeByUser('ada', NOW + 1)
    expect(await admin.pttl('cloakroom:user:{ada}:revoked')).toBeGreaterThan(ABSOLUTE - 60_000)
  })

  it('needs one round trip for a session that was read before', async () => {
    const { driver, admin } = redis()
    await assign(driver, A)
    await driver.read(A)
    const monitor = await admin.monitor()
    const commands: string[] = []
    const done = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [name = '', argument]: string[]) => {
        if (argument === 'end of the test') resolve()
        else commands.push(name.toLowerCase())
      })
    })
    await driver.read(A)
    await admin.echo('end of the test')
    await done
    monitor.disconnect()
    expect(commands.toSorted()).toEqual(['get', 'hmget', 'zscore'])
  })

  it('leaves the caller’s own session in the list of devices, and lets it end', async () => {
    const { driver, admin } = redis()
    const { browser, events } = createTestEngine({ driver, time: { now: Date.now(), advance() {} } })
    const [here, there] = [browser(), browser()]
    for (const one of [here, there]) await (await one.visit()).session.signIn('ada')
    const { session } = await here.visit()
    await admin.del(INDEX)
    expect((await session.devices()).map(({ current }) => current)).toEqual([true])
    await admin.del(INDEX)
    const { session: next } = await there.visit()
    await admin.del(INDEX)
    expect(await next.revoke(next.id!)).toBe(true)
    expect([there.cookie, events.at(-1)]).toEqual([undefined, { type: 'sessions_changed', userId: 'ada' }])
    await admin.del(INDEX)
    expect(await session.revokeAll()).toBe(1)
    expect(here.cookie).toBeUndefined()
    expect(events.filter(({ type }) => type === 'ended')).toHaveLength(2)
  })
})
