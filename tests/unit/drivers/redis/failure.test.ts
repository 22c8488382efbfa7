import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisDriver } from '../../../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../../../layers/session/server/drivers/redis/connection'
import { redisFailure } from '../../../../layers/session/server/drivers/redis/failure'
import { A, meta } from '../../../support/contract/samples'
import { findRedis, startRedis } from '../../../support/redis'

const program = findRedis()

async function failureOf(attempt: unknown): Promise<Error> {
  try {
    await attempt
  }
  catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

/** A driver on a server of its own, and a client that can meddle with what it holds. */
async function onServer(use: (driver: ReturnType<typeof redisDriver>, meddler: Redis) => Promise<void>, login = '', ...options: string[]) {
  const server = await startRedis(program!, ...options)
  const driver = redisDriver({ target: parseRedisUrl(server.url.replace('//', `//${login}`)) })
  const meddler = new Redis(server.port, { lazyConnect: true })
  try {
    await use(driver, meddler)
  }
  finally {
    meddler.disconnect()
    await driver.dispose?.()
    await server.dispose()
  }
}

// ioredis hangs the whole command, arguments included, on its errors, and the session layer logs errors with their causes.
describe.skipIf(!program)('an error, printed as a log prints it,', () => {
  it('contains no session', () => onServer(async (driver, meddler) => {
    await driver.create(A, 'value', meta())
    const [name] = await meddler.keys('*:session:*')
    await meddler.set(name!, 'a value of another type')
    const error = await failureOf(driver.replace(A, 'my diary', meta(), 1))
    expect(inspect(error, { depth: 9 })).toContain('WRONGTYPE')
    expect(inspect(error, { depth: 9 })).not.toContain('my diary')
  }))

  it('contains no password', () => onServer(async (driver) => {
    const error = await failureOf(driver.read(A))
    expect(inspect(error, { depth: 9 })).toContain('WRONGPASS')
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  }, ':hunter2@', '--requirepass', 'right'))

  it('contains no session where the server quotes what it does not understand', () => onServer(async (driver) => {
    const error = await failureOf(driver.create(A, 'my diary', meta()))
    expect(inspect(error, { depth: 9 })).toContain('unknown command')
    expect(inspect(error, { depth: 9 })).not.toContain('my diary')
  }, '', '--rename-command', 'EVAL', 'FORBIDDEN'))
})

describe('redisFailure', () => {
  it.each([
    ['OOM command not allowed when used memory > \'maxmemory\'.', 'is out of memory'],
    ['READONLY You can\'t write against a read only replica.', 'is a replica, which only reads'],
    ['LOADING Redis is loading the dataset in memory', 'is still loading its data'],
    ['MISCONF Errors writing to the AOF file: No space left on device', 'cannot write to its disk'],
    ['NOAUTH Authentication required.', 'asks for a user name and password'],
    ['CLUSTERDOWN The cluster is down', 'a part is down'],
    ['Command timed out', 'does not answer in time'],
    ['ERR something else', 'did not answer as expected'],
  ])('says of "%s" that Redis %s', (message, problem) => {
    const error = redisFailure(Object.assign(new Error(message), { name: 'ReplyError', command: { name: 'hset', args: ['secret'] } }))
    expect(error.message).toMatch(/^\[session\] \[store:redis\] /)
    expect(error.message).toContain(problem)
    expect(error.cause).toMatchObject({ name: 'ReplyError', message })
    expect(error.cause).not.toHaveProperty('command')
  })

  it('keeps what a network error says', () => {
    const refused = new AggregateError([], '')
    expect(redisFailure(Object.assign(refused, { code: 'ECONNREFUSED' })).cause).toMatchObject({ message: 'ECONNREFUSED', code: 'ECONNREFUSED' })
  })
})
