import { describe, expect, it, vi } from 'vitest'
import { ANONYMOUS_TOMBSTONE_LIFETIME, REVOCATION_LIFETIME, TOMBSTONE_LIFETIME } from '../../../../layers/session/server/engine/store'
import { A, ABSOLUTE, B, C, GUARD, IDLE, KEYS, NOW, keysOf, meta, owned } from '../../../support/contract/samples'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'

const program = findRedis()
/** Redis keeps a record a little longer than its session: the engine decides about ends. */
const SLACK = 60_000

describe.skipIf(!program)('Redis drops by itself', () => {
  const bench = useRedis(program)
  const endOf = async (key: string) => bench().admin.pexpiretime(`cloakroom:session:${key}`)

  it('a session that has ended, on whichever clock comes first', async () => {
    const { driver } = bench()
    await driver.create(A, 'value', meta())
    await driver.create(B, 'value', meta({ idleTimeout: 2 * ABSOLUTE }))
    expect(await endOf(A)).toBe(NOW + IDLE + SLACK)
    expect(await endOf(B)).toBe(NOW + ABSOLUTE + SLACK)
  })

  it('it later after a touch or a write', async () => {
    const { driver } = bench()
    await driver.create(A, 'value', meta())
    await driver.touch(A, NOW + 5)
    expect(await endOf(A)).toBe(NOW + IDLE + SLACK + 5)
    await driver.replace(A, 'value', meta({ lastSeenAt: NOW + 7, idleTimeout: IDLE + 1 }), 1)
    expect(await endOf(A)).toBe(NOW + IDLE + SLACK + 8)
  })

  it('tombstones, and what it remembers of a removal of all', async () => {
    const { driver, admin } = bench()
    await driver.create(A, 'value', meta())
    await driver.remove(A, NOW, 'signed_out')
    expect(await endOf(A)).toBe(NOW + ANONYMOUS_TOMBSTONE_LIFETIME)
    await driver.enrol(B, 'value', owned('ada'), GUARD)
    await driver.remove(B, NOW, 'signed_out')
    expect(await endOf(B)).toBe(NOW + TOMBSTONE_LIFETIME)
    await driver.removeByOwner('ada', NOW)
    expect(await admin.pttl('cloakroom:owner:{ada}:revoked')).toBeGreaterThan(REVOCATION_LIFETIME - 10_000)
  })

  it('an owner\'s index with the last session in it', async () => {
    const { driver, admin } = bench()
    await driver.enrol(A, 'value', owned('ada', { expiresAt: NOW + 2 * ABSOLUTE }), GUARD)
    await driver.enrol(B, 'value', owned('ada'), GUARD)
    expect(await admin.pexpiretime('cloakroom:owner:{ada}:sessions')).toBe(NOW + 2 * ABSOLUTE + SLACK)
  })

  it('everything: no key is kept for ever but the list of anonymous sessions, which is swept', async () => {
    const { driver, admin } = bench()
    for (const key of [A, B, C]) await driver.create(key, 'value', meta())
    await driver.enrol(A, 'value', owned('ada'), GUARD, 1)
    await driver.removeByOwner('ada', NOW)
    const eternal = []
    for (const key of await admin.keys('*')) if (await admin.ttl(key) === -1) eternal.push(key)
    expect(eternal.toSorted()).toEqual(['cloakroom:{anonymous}:created', 'cloakroom:{anonymous}:ends'])
    await driver.sweep(NOW + IDLE, 10)
    expect(await admin.keys('*anonymous*')).toEqual([])
  })
})

describe.skipIf(!program)('the list of anonymous sessions on Redis', () => {
  const bench = useRedis(program)

  it('does not count what has ended, and sweeps it in slices', async () => {
    const { driver } = bench()
    for (const key of KEYS.slice(0, 7)) await driver.create(key, 'value', meta())
    await driver.touch(KEYS[0]!, NOW + IDLE - 1)
    expect(await driver.sweep(NOW + IDLE - 1, 3)).toBe(0)
    expect([await driver.sweep(NOW + IDLE, 3), await driver.sweep(NOW + IDLE, 3), await driver.sweep(NOW + IDLE, 3)]).toEqual([3, 3, 0])
    expect(await driver.trimAnonymous(1, 10)).toBe(0)
    expect(await driver.trimAnonymous(0, 10)).toBe(1)
  })

  it('goes by the clocks as a write has left them', async () => {
    const { driver } = bench()
    await driver.create(A, 'value', meta())
    await driver.replace(A, 'value', meta({ lastSeenAt: NOW + 500 }), 1)
    expect(await driver.sweep(NOW + IDLE + 499, 10)).toBe(0)
    expect(await driver.sweep(NOW + IDLE + 500, 10)).toBe(1)
  })
})

describe.skipIf(!program)('an owner\'s index on Redis', () => {
  const bench = useRedis(program)
  const guard = { ...GUARD, max: 2, policy: 'reject' as const }

  it('makes room by dropping what a server has left there that died half-way (E11)', async () => {
    const { driver, admin } = bench()
    await driver.enrol(A, 'value', owned('ada'), guard)
    await admin.zadd('cloakroom:owner:{ada}:sessions', NOW - 61_000, `${B}:died`)
    expect(await keysOf(driver, 'ada')).toEqual([A])
    expect(await driver.enrol(C, 'value', owned('ada'), guard)).toMatchObject({ outcome: 'written' })
    expect(await admin.zcard('cloakroom:owner:{ada}:sessions')).toBe(2)
  })

  it('leaves what may be a sign-in under way', async () => {
    const { driver, admin } = bench()
    await driver.enrol(A, 'value', owned('ada'), guard)
    await admin.zadd('cloakroom:owner:{ada}:sessions', Date.now(), `${B}:under-way`)
    expect(await driver.enrol(C, 'value', owned('ada'), guard)).toMatchObject({ outcome: 'full' })
  })

  it('makes room by dropping an entry whose session is another\'s by now', async () => {
    const { driver, admin } = bench()
    await driver.enrol(A, 'value', owned('ada'), guard)
    await driver.enrol(B, 'value', owned('bob'), guard)
    await admin.zadd('cloakroom:owner:{ada}:sessions', NOW - 61_000, `${B}:lost-the-race`)
    expect(await driver.enrol(C, 'value', owned('ada'), guard)).toMatchObject({ outcome: 'written' })
    expect(await keysOf(driver, 'bob')).toEqual([B])
  })

  it('spares the session of another owner when all are removed, though an entry names it', async () => {
    const { driver, admin } = bench()
    await driver.enrol(B, 'value', owned('bob'), guard)
    await admin.zadd('cloakroom:owner:{ada}:sessions', NOW, `${B}:lost-the-race`)
    expect(await driver.removeByOwner('ada', NOW)).toEqual([])
    expect(await driver.read(B)).toMatchObject({ value: 'value' })
    expect(await driver.replace(B, 'changed', meta(), 1)).toBe('replaced')
  })

  it('is reduced far below its size in one go when the limit is lowered', async () => {
    const { driver } = bench()
    for (const [index, key] of KEYS.entries()) await driver.enrol(key, 'value', owned('ada', { createdAt: NOW + index }), { ...GUARD, max: 100 })
    const { evicted } = await driver.enrol('f'.repeat(32), 'value', owned('ada', { createdAt: NOW + 99 }), { ...GUARD, max: 3 })
    expect(evicted).toEqual(KEYS.slice(0, 38))
    expect(await keysOf(driver, 'ada')).toEqual(['f'.repeat(32), KEYS[39], KEYS[38]])
  })
})

describe.skipIf(!program)('the clock of the Redis driver', () => {
  const bench = useRedis(program)

  it.each([['ten years on', 10 * 365 * 24], ['an hour on', 1], ['a day back', -24]])('is the server\'s: it does not move when this machine\'s clock jumps %s (K6)', async (_jump, hours) => {
    const { driver, admin } = bench()
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

  it('is known before the first answer, however wrong this machine\'s clock is', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 0 })
    try {
      const driver = bench().open()
      await driver.read(A)
      expect(driver.clock!()).toBeGreaterThan(NOW - 1000)
      await driver.dispose?.()
    }
    finally {
      vi.useRealTimers()
    }
  })
})
