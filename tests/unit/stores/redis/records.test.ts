import { describe, expect, it, vi } from 'vitest'
import type { UserLimit } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import {
  ANONYMOUS_TOMBSTONE_LIFETIME_MS, REVOCATION_LIFETIME_MS, TOMBSTONE_LIFETIME_MS,
} from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import {
  A, ABSOLUTE, B, C, IDLE, KEYS, LIMIT, NOW, keysOf, meta, userMeta,
} from '../../../support/contract/samples'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'

const program = findRedis()
/** Redis keeps a record a little longer than its session, because the core decides about expiry. */
const SLACK_MS = 60_000
const INDEX_OF_ADA = 'cloakroom:user:{ada}:sessions'
const REVOCATION_OF_ADA = 'cloakroom:user:{ada}:revoked'

describe.skipIf(!program)('the expiry of Redis keys', () => {
  const fixture = useRedis(program)
  const expiryOf = async (key: string) => fixture().admin.pexpiretime(`cloakroom:session:${key}`)

  it('is the earlier of idle and absolute expiry for a session', async () => {
    const { driver } = fixture()
    await driver.create(A, 'value', meta())
    await driver.create(B, 'value', meta({ idleTimeout: 2 * ABSOLUTE }))
    expect(await expiryOf(A)).toBe(NOW + IDLE + SLACK_MS)
    expect(await expiryOf(B)).toBe(NOW + ABSOLUTE + SLACK_MS)
  })

  it('moves with a touch and with a write', async () => {
    const { driver } = fixture()
    await driver.create(A, 'value', meta())
    await driver.touch(A, NOW + 5)
    expect(await expiryOf(A)).toBe(NOW + IDLE + SLACK_MS + 5)
    await driver.replace(A, 'value', meta({ lastSeenAt: NOW + 7, idleTimeout: IDLE + 1 }), 1)
    expect(await expiryOf(A)).toBe(NOW + IDLE + SLACK_MS + 8)
  })

  it('is the lifetime of a tombstone and of a revocation', async () => {
    const { driver, admin } = fixture()
    await driver.create(A, 'value', meta())
    await driver.remove(A, NOW, 'signed_out')
    expect(await expiryOf(A)).toBe(NOW + ANONYMOUS_TOMBSTONE_LIFETIME_MS)
    await driver.assignUser(B, 'value', userMeta('ada'), LIMIT)
    await driver.remove(B, NOW, 'signed_out')
    expect(await expiryOf(B)).toBe(NOW + TOMBSTONE_LIFETIME_MS)
    await driver.removeByUser('ada', NOW)
    expect(await admin.pttl(REVOCATION_OF_ADA)).toBeGreaterThan(REVOCATION_LIFETIME_MS - 10_000)
  })

  it('is that of the last session for the index of a user', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada', { expiresAt: NOW + 2 * ABSOLUTE }), LIMIT)
    await driver.assignUser(B, 'value', userMeta('ada'), LIMIT)
    expect(await admin.pexpiretime(INDEX_OF_ADA)).toBe(NOW + 2 * ABSOLUTE + SLACK_MS)
  })

  it('is set for every key except the list of anonymous sessions, which is swept', async () => {
    const { driver, admin } = fixture()
    for (const key of [A, B, C]) await driver.create(key, 'value', meta())
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT, 1)
    await driver.removeByUser('ada', NOW)
    const withoutExpiry = []
    for (const key of await admin.keys('*')) if (await admin.ttl(key) === -1) withoutExpiry.push(key)
    expect(withoutExpiry.toSorted()).toEqual(['cloakroom:{anonymous}:created', 'cloakroom:{anonymous}:ends'])
    await driver.sweep(NOW + IDLE, 10)
    expect(await admin.keys('*anonymous*')).toEqual([])
  })
})

describe.skipIf(!program)('the list of anonymous sessions in Redis', () => {
  const fixture = useRedis(program)

  it('does not count expired sessions, and is swept by at most `limit` at a time', async () => {
    const { driver } = fixture()
    for (const key of KEYS.slice(0, 7)) await driver.create(key, 'value', meta())
    await driver.touch(KEYS[0]!, NOW + IDLE - 1)
    expect(await driver.sweep(NOW + IDLE - 1, 3)).toBe(0)
    const counts = []
    for (let call = 0; call < 3; call++) counts.push(await driver.sweep(NOW + IDLE, 3))
    expect(counts).toEqual([3, 3, 0])
    expect(await driver.trimAnonymous(1, 10)).toBe(0)
    expect(await driver.trimAnonymous(0, 10)).toBe(1)
  })

  it('uses the expiry after the latest write', async () => {
    const { driver } = fixture()
    await driver.create(A, 'value', meta())
    await driver.replace(A, 'value', meta({ lastSeenAt: NOW + 500 }), 1)
    expect(await driver.sweep(NOW + IDLE + 499, 10)).toBe(0)
    expect(await driver.sweep(NOW + IDLE + 500, 10)).toBe(1)
  })
})

describe.skipIf(!program)('the index of a user\'s sessions in Redis', () => {
  const fixture = useRedis(program)
  const MAX_TWO: UserLimit = { ...LIMIT, max: 2, policy: 'reject' }

  it('drops the entry of a sign-in that a server did not finish before it died', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada'), MAX_TWO)
    await admin.zadd(INDEX_OF_ADA, NOW - 61_000, `${B}:unfinished`)
    expect(await keysOf(driver, 'ada')).toEqual([A])
    expect(await driver.assignUser(C, 'value', userMeta('ada'), MAX_TWO)).toMatchObject({ outcome: 'written' })
    expect(await admin.zcard(INDEX_OF_ADA)).toBe(2)
  })

  it('keeps the entry of a sign-in that may still be in progress', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada'), MAX_TWO)
    await admin.zadd(INDEX_OF_ADA, Date.now(), `${B}:in-progress`)
    expect(await driver.assignUser(C, 'value', userMeta('ada'), MAX_TWO)).toMatchObject({ outcome: 'full' })
  })

  it('drops an entry whose session was assigned to another user', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada'), MAX_TWO)
    await driver.assignUser(B, 'value', userMeta('bob'), MAX_TWO)
    await admin.zadd(INDEX_OF_ADA, NOW - 61_000, `${B}:lost-the-race`)
    expect(await driver.assignUser(C, 'value', userMeta('ada'), MAX_TWO)).toMatchObject({ outcome: 'written' })
    expect(await keysOf(driver, 'bob')).toEqual([B])
  })

  it('ends the expired sessions that it drops, so a clock that is behind finds none of them', async () => {
    const { driver } = fixture()
    const now = Date.now()
    const expired = userMeta('ada', { createdAt: now - 2 * IDLE, lastSeenAt: now - IDLE })
    for (const key of [A, B]) await driver.assignUser(key, 'value', expired, MAX_TWO)
    expect(await driver.assignUser(C, 'value', userMeta('ada'), MAX_TWO)).toMatchObject({ outcome: 'written' })
    for (const key of [A, B]) {
      expect(await driver.read(key)).toBeNull()
      expect(await driver.readTombstone(key)).toMatchObject({ reason: 'expired' })
    }
  })

  it('does not let removeByUser remove the session of another user that an entry names', async () => {
    const { driver, admin } = fixture()
    await driver.assignUser(B, 'value', userMeta('bob'), MAX_TWO)
    await admin.zadd(INDEX_OF_ADA, NOW, `${B}:lost-the-race`)
    expect(await driver.removeByUser('ada', NOW)).toEqual([])
    expect(await driver.read(B)).toMatchObject({ value: 'value' })
    expect(await driver.replace(B, 'changed', meta(), 1)).toBe('replaced')
  })

  it('shrinks to a lowered limit in one sign-in', async () => {
    const { driver } = fixture()
    for (const [index, key] of KEYS.entries()) {
      await driver.assignUser(key, 'value', userMeta('ada', { createdAt: NOW + index }), { ...LIMIT, max: 100 })
    }
    const last = 'f'.repeat(32)
    const lastMeta = userMeta('ada', { createdAt: NOW + 99 })
    const { evicted } = await driver.assignUser(last, 'value', lastMeta, { ...LIMIT, max: 3 })
    expect(evicted).toEqual(KEYS.slice(0, 38))
    expect(await keysOf(driver, 'ada')).toEqual([last, KEYS[39], KEYS[38]])
  })
})

describe.skipIf(!program)('the clock of the Redis driver', () => {
  const fixture = useRedis(program)

  it.each([
    ['ten years forward', 10 * 365 * 24],
    ['an hour forward', 1],
    ['a day back', -24],
  ])('is that of the server and does not move when this machine\'s clock jumps %s', async (_jump, hours) => {
    const { driver, admin } = fixture()
    await driver.read(A)
    const before = driver.clock!()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
    try {
      const [seconds] = await admin.time()
      expect(driver.clock!() - before).toBeLessThan(30_000)
      expect(Math.abs(driver.clock!() - Number(seconds) * 1000)).toBeLessThan(30_000)
    }
    finally {
      vi.useRealTimers()
    }
  })

  it('is measured before the first result, however wrong this machine\'s clock is', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 0 })
    try {
      const driver = fixture().open()
      await driver.read(A)
      expect(driver.clock!()).toBeGreaterThan(NOW - 1000)
      await driver.dispose?.()
    }
    finally {
      vi.useRealTimers()
    }
  })
})
