import { describe, expect, it } from 'vitest'
import { A, meta } from '../../../support/contract/samples'
import { freePort } from '../../../support/free-port'
import { findRedis } from '../../../support/redis'
import { eventually } from '../../../support/eventually'
import { useRedis } from '../../../support/redis-driver'

const program = findRedis()

describe.skipIf(!program)('a Redis driver', () => {
  const bench = useRedis(program, '--maxmemory-policy', 'allkeys-lru')
  const WARNING = '[session] [store:redis] maxmemory-policy is "allkeys-lru", so Redis drops sessions when memory runs short, and users are signed out. Set it to noeviction.'

  it('warns of an eviction policy that drops sessions, and not again at each new connection (E16)', async () => {
    const { driver, admin, warnings } = bench()
    await driver.read(A)
    await eventually(() => expect(warnings).toEqual([WARNING]))
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(() => driver.read(A))
    expect(warnings).toEqual([WARNING])
  })

  it('does not warn of one that drops nothing (E16)', async () => {
    const { admin, warnings, open } = bench()
    const asked = async () => Number(/cmdstat_config\|get:calls=(\d+)/.exec(await admin.info('commandstats'))![1])
    await eventually(() => expect(warnings).toHaveLength(1))
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    const before = await asked()
    const driver = open()
    await eventually(async () => expect(await asked()).toBe(before + 1))
    await driver.read(A)
    expect(warnings).toHaveLength(1)
    await driver.dispose?.()
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  })

  it('says that it is not connected where no server is, and why', async () => {
    const driver = bench().open(`redis://127.0.0.1:${await freePort()}`)
    await expect(driver.read(A)).rejects.toMatchObject({ message: '[session] [store:redis] is not connected', cause: { code: 'ECONNREFUSED' } })
    await driver.dispose?.()
  })

  it('refuses to answer once it is closed, and may be closed twice', async () => {
    const { driver } = bench()
    await driver.create(A, 'value', meta())
    await driver.dispose?.()
    await driver.dispose?.()
    await expect(driver.read(A)).rejects.toThrow('is not connected')
  })
})
