import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { redisFailure } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/failure'
import { A, meta } from '../../../support/contract/samples'
import { findRedis, startRedis } from '../../../support/redis'
import { redisTarget } from '../../../support/stores'

const program = findRedis()

/** The error of an operation, as a log would print it. */
async function printedError(operation: unknown): Promise<string> {
  try {
    await operation
  }
  catch (error) {
    return inspect(error, { depth: 9 })
  }
  throw new Error('The operation did not fail.')
}

/** Runs `use` with a driver on a new server, and a client that can change its data. */
async function withServer(
  use: (driver: ReturnType<typeof redisDriver>, admin: Redis) => Promise<void>,
  { login = '', options = [] }: { login?: string, options?: string[] } = {},
) {
  const server = await startRedis(program!, ...options)
  const driver = redisDriver({ target: redisTarget(server.url.replace('//', `//${login}`)) })
  const admin = new Redis(server.port, { lazyConnect: true })
  try {
    await use(driver, admin)
  }
  finally {
    admin.disconnect()
    await driver.dispose?.()
    await server.dispose()
  }
}

// ioredis attaches the whole command with its arguments to its errors, and the module logs errors with their causes.
describe('redisFailure', () => {
  it.each([
    ['READONLY You can\'t write against a read only replica. script: f_1, on @user_script:16.', 'is a replica'],
    [
      'ERR Error running script (call to f_0a1b2c): @user_script:16: @user_script: 16: -READONLY You can\'t '
      + 'write against a read only replica.',
      'is a replica',
    ],
    ['ERR Error running script (call to f_0a1b2c): @user_script:9: OOM command not allowed', 'is out of memory'],
    ['ERR Error running script (call to f_0a1b2c): @user_script:9: attempt to index nil', 'an unexpected error'],
  ])('knows the reason in a script, also of Redis 6.2: %s', (message, problem) => {
    expect(redisFailure(new Error(message)).message).toContain(problem)
  })
})

describe.skipIf(!program)('the printed error of a failed Redis command', () => {
  it('contains no session data', () => withServer(async (driver, admin) => {
    await driver.create(A, 'value', meta())
    const [name] = await admin.keys('*:session:*')
    await admin.set(name!, 'a value of another type')
    const error = await printedError(driver.replace(A, 'my diary', meta(), 1))
    expect(error).toContain('WRONGTYPE')
    expect(error).not.toContain('my diary')
  }))

  it('contains no password', () => withServer(async (driver) => {
    const error = await printedError(driver.read(A))
    expect(error).toContain('WRONGPASS')
    expect(error).not.toContain('hunter2')
  }, { login: ':hunter2@', options: ['--requirepass', 'right'] }))

  it('contains no session data even if the server quotes the arguments of an unknown command', () =>
    withServer(async (driver) => {
      const error = await printedError(driver.create(A, 'my diary', meta()))
      expect(error).toContain('unknown command')
      expect(error).not.toContain('my diary')
    }, { options: ['--rename-command', 'EVAL', 'FORBIDDEN'] }))
})

describe('redisFailure', () => {
  it.each([
    ['OOM command not allowed when used memory > \'maxmemory\'.', 'is out of memory'],
    ['READONLY You can\'t write against a read only replica.', 'is a replica, which cannot be written to'],
    ['LOADING Redis is loading the dataset in memory', 'is still loading its data'],
    ['MISCONF Errors writing to the AOF file: No space left on device', 'cannot write to its disk'],
    ['NOAUTH Authentication required.', 'requires a user name and password'],
    ['CLUSTERDOWN The cluster is down', 'a part is down'],
    ['Command timed out', 'does not respond in time'],
    ['ERR something else', 'responded with an unexpected error'],
  ])('describes "%s": Redis %s', (message, problem) => {
    const command = { name: 'hset', args: ['secret'] }
    const error = redisFailure(Object.assign(new Error(message), { name: 'ReplyError', command }))
    expect(error.message).toMatch(/^\[cloakroom\] \[store:redis\] /)
    expect(error.message).toContain(problem)
    expect(error.cause).toMatchObject({ name: 'ReplyError', message })
    expect(error.cause).not.toHaveProperty('command')
  })

  it('keeps the code of a network error that has no message', () => {
    const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' })
    expect(redisFailure(refused).cause).toMatchObject({ message: 'ECONNREFUSED', code: 'ECONNREFUSED' })
  })
})
