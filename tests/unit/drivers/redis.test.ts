import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisDriver } from '../../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../../layers/session/server/drivers/redis/connection'
import { A, meta } from '../../support/contract/samples'
import { findRedis, startRedis } from '../../support/redis'
import { describeStoreContract } from '../../support/store-contract'
import { storeKinds } from '../../support/stores'

const kind = storeKinds.find(({ name }) => name === 'Redis')!
const program = findRedis()

describe.skipIf(kind.skip)('on a real server', () => {
  let prepared: Awaited<ReturnType<typeof kind.prepare>>

  beforeAll(async () => {
    prepared = await kind.prepare()
  })

  afterAll(() => prepared.dispose())

  describeStoreContract('redis', () => prepared.open(randomUUID()), { expiresItself: true })
})

describe.skipIf(!program)('an error, printed as a log prints it,', () => {
  it('contains no session', async () => {
    const server = await startRedis(program!)
    const driver = redisDriver({ target: parseRedisUrl(server.url) })
    const meddler = new Redis(server.port)
    try {
      await driver.create(A, 'value', meta())
      const [name] = await meddler.keys('*:session:*')
      await meddler.set(name!, 'a value of another type')
      const error = await Promise.resolve(driver.replace(A, 'my diary', meta(), 1)).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9 })).not.toContain('my diary')
    }
    finally {
      meddler.disconnect()
      await driver.dispose?.()
      await server.dispose()
    }
  })

  it('contains no password', async () => {
    const server = await startRedis(program!, '--requirepass', 'right')
    const driver = redisDriver({ target: parseRedisUrl(server.url.replace('//', '//:hunter2@')) })
    try {
      const error = await Promise.resolve(driver.read(A)).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
    }
    finally {
      await driver.dispose?.()
      await server.dispose()
    }
  })
})
