import { describe, expect, it } from 'vitest'
import { A, meta } from '../../../support/contract/samples'
import { eventually } from '../../../support/eventually'
import { freePort } from '../../../support/free-port'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'
import { redisTarget } from '../../../support/stores'
import { redisDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'

const program = findRedis()
const WARNING = '[cloakroom] [store:redis] maxmemory-policy is "allkeys-lru", so Redis drops sessions when memory runs '
  + 'short, and users are signed out. Set it to noeviction.'

describe.skipIf(!program)('redisDriver', () => {
  const fixture = useRedis(program, '--maxmemory-policy', 'allkeys-lru')

  it('warns about an eviction policy that drops sessions, and not again at each new connection', async () => {
    const { driver, admin, warnings } = fixture()
    await driver.read(A)
    await eventually(() => expect(warnings).toEqual([WARNING]))
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(() => driver.read(A))
    expect(warnings).toEqual([WARNING])
  })

  it('does not warn about the policy noeviction', async () => {
    const { admin, warnings, open } = fixture()
    const countConfigReads = async () => {
      const [, calls] = /cmdstat_config\|get:calls=(\d+)/.exec(await admin.info('commandstats'))!
      return Number(calls)
    }
    await eventually(() => expect(warnings).toHaveLength(1))
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    const before = await countConfigReads()
    const driver = open()
    await eventually(async () => expect(await countConfigReads()).toBe(before + 1))
    await driver.read(A)
    expect(warnings).toHaveLength(1)
    await driver.dispose?.()
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  })

  it('throws that it is not connected if there is no server, with the cause', async () => {
    const driver = fixture().open({ url: `redis://127.0.0.1:${await freePort()}` })
    const message = '[cloakroom] [store:redis] is not connected'
    await expect(driver.read(A)).rejects.toMatchObject({ message, cause: { code: 'ECONNREFUSED' } })
    await driver.dispose?.()
  })

  it('warns once if there is no server at the start, without waiting for a request', async () => {
    const warnings: string[] = []
    const port = await freePort()
    const driver = redisDriver({
      target: redisTarget(`redis://127.0.0.1:${port}`), warn: message => warnings.push(message),
    })
    const sentence = `[cloakroom] [store:redis] is not connected (connect ECONNREFUSED 127.0.0.1:${port}). Until it `
      + 'is, requests that need a session respond with 503.'
    await eventually(() => expect(warnings).toEqual([sentence]))
    await expect(driver.read(A)).rejects.toThrow('is not connected')
    expect(warnings).toHaveLength(1)
    await driver.dispose?.()
  })

  it('throws after it is closed, and may be closed twice', async () => {
    const { driver } = fixture()
    await driver.create(A, 'value', meta())
    await driver.dispose?.()
    await driver.dispose?.()
    await expect(driver.read(A)).rejects.toThrow('is not connected')
  })
})
