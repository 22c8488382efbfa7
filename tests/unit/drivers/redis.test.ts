import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redisDriver } from '../../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../../layers/session/server/drivers/redis/connection'
import type { AtomicDriver } from '../../../layers/session/server/engine/store'
import { describeNews } from '../../support/contract/news'
import { A, meta } from '../../support/contract/samples'
import { makeDirectory } from '../../support/directory'
import { freePort } from '../../support/free-port'
import { findRedis, startRedis } from '../../support/redis'
import { startCluster, startSentinel } from '../../support/redis-groups'
import { describeStoreContract } from '../../support/store-contract'
import { issuePair, install } from '../tls/pairs'

const README = join(import.meta.dirname, '../../../layers/session/README.md')
const program = findRedis()
const directory = makeDirectory()

interface Way {
  readonly url: string
  dispose(): Promise<void>
}

/** The ways to a Redis that a URL can name. */
const ways: [name: string, open: (program: string) => Promise<Way>][] = [
  ['one server', startRedis],
  ['a cluster', startCluster],
  ['a sentinel', startSentinel],
  ['TLS, as a user with no right more than the README gives', startGuarded],
]

describe.skipIf(!program).each(ways)('Redis by way of %s', (_name, open) => {
  let way: Way

  beforeAll(async () => {
    way = await open(program!)
  })

  afterAll(() => way.dispose())

  const newPrefix = () => `${way.url}${way.url.includes('?') ? '&' : '?'}prefix=cloakroom:${randomUUID()}`
  const openAt = (url: string) => redisDriver({ target: parseRedisUrl(url), warn: message => console.warn(message) })

  describeStoreContract('redis', () => openAt(newPrefix()), { expiresItself: true })
  describeNews(() => {
    const url = newPrefix()
    return [openAt(url), openAt(url)]
  })
})

describe.skipIf(!program)('Redis over TLS', () => {
  let way: Way
  let driver: AtomicDriver

  beforeAll(async () => {
    way = await startGuarded(program!)
  })

  afterEach(() => driver.dispose?.())

  afterAll(() => way.dispose())

  it('is refused with a certificate of an authority that nobody trusts', async () => {
    const trusted = tls.getCACertificates('default')
    tls.setDefaultCACertificates(tls.getCACertificates('bundled'))
    try {
      driver = redisDriver({ target: parseRedisUrl(way.url) })
      await expect(driver.read(A)).rejects.toMatchObject({ message: '[session] [store:redis] is not connected', cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } })
    }
    finally {
      tls.setDefaultCACertificates(trusted)
    }
  })

  it('is refused without the right password', async () => {
    driver = redisDriver({ target: parseRedisUrl(way.url.replace(':s%40crät', ':hunter2')) })
    await expect(driver.read(A)).rejects.toThrow('[session] [store:redis] does not accept this user name and password')
  })

  it('lets this user at no key but the sessions\'', async () => {
    driver = redisDriver({ target: parseRedisUrl(`${way.url}?prefix=elsewhere`) })
    await expect(driver.create(A, 'value', meta())).rejects.toThrow('[session] [store:redis] does not let this user do what sessions need. The layer\'s README lists the commands')
  })
})

/** A server that speaks TLS only, to a user with a password and few rights. */
async function startGuarded(program: string): Promise<Way> {
  const pair = await issuePair()
  const files = install(directory.path(), 'redis', pair)
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pair.ca])
  const port = await freePort()
  const server = await startRedis(program, '--port', '0', '--tls-port', `${port}`, '--tls-cert-file', files.NUXT_TLS_CERT, '--tls-key-file', files.NUXT_TLS_KEY, '--tls-auth-clients', 'no')
  const admin = new Redis({ port, tls: {} })
  const [, rule] = /ACL SETUSER (app on .*)/.exec(readFileSync(README, 'utf8'))!
  await admin.call('ACL', 'SETUSER', ...rule!.replace('PASSWORD', 's@crät').split(' '))
  await admin.call('ACL', 'SETUSER', 'default', 'off')
  admin.disconnect()
  return {
    url: `rediss://app:s%40crät@localhost:${port}`,
    async dispose() {
      await server.dispose()
      directory.remove()
    },
  }
}
