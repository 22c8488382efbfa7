import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AtomicDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { redisDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { describeChanges } from '../../support/contract/changes'
import { A, meta } from '../../support/contract/samples'
import { makeDirectory } from '../../support/directory'
import { freePort } from '../../support/free-port'
import { findRedis, startRedis } from '../../support/redis'
import { redisTarget } from '../../support/stores'
import { startCluster, startSentinel } from '../../support/redis-groups'
import { describeStoreContract } from '../../support/store-contract'
import { issuePair, install } from '../tls/pairs'

const README = join(import.meta.dirname, '../../../packages/nuxt-cloakroom/README.md')
const program = findRedis()
const directory = makeDirectory()

interface Deployment {
  readonly url: string
  dispose(): Promise<void>
}

/** The kinds of Redis deployment that a URL can name. */
const deployments: [name: string, start: (program: string) => Promise<Deployment>][] = [
  ['a single server', startRedis],
  ['a cluster', startCluster],
  ['a sentinel', startSentinel],
  ['a server over TLS, as a user with only the rights that the README lists', startRestricted],
]

describe.skipIf(!program).each(deployments)('redisDriver with %s', (_name, start) => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await start(program!)
  })

  afterAll(() => deployment.dispose())

  function newPrefix() {
    const { url } = deployment
    return `${url}${url.includes('?') ? '&' : '?'}prefix=cloakroom:${randomUUID()}`
  }

  const warn = (message: string) => console.warn(message)
  const open = (url: string) => redisDriver({ target: redisTarget(url), warn })

  describeStoreContract('Redis', () => open(newPrefix()), { expiresItself: true })
  describeChanges(() => {
    const url = newPrefix()
    return [open(url), open(url)]
  })
})

describe.skipIf(!program)('redisDriver with a server over TLS', () => {
  let deployment: Deployment
  let driver: AtomicDriver

  beforeAll(async () => {
    deployment = await startRestricted(program!)
  })

  afterEach(() => driver.dispose?.())

  afterAll(() => deployment.dispose())

  it('does not connect if the certificate is of an authority that is not trusted', async () => {
    const trusted = tls.getCACertificates('default')
    tls.setDefaultCACertificates(tls.getCACertificates('bundled'))
    try {
      driver = redisDriver({ target: redisTarget(deployment.url) })
      const message = '[cloakroom] [store:redis] is not connected'
      const cause = { code: 'SELF_SIGNED_CERT_IN_CHAIN' }
      await expect(driver.read(A)).rejects.toMatchObject({ message, cause })
    }
    finally {
      tls.setDefaultCACertificates(trusted)
    }
  })

  it('throws if the password is wrong', async () => {
    driver = redisDriver({ target: redisTarget(deployment.url.replace(':s%40crät', ':hunter2')) })
    const problem = '[cloakroom] [store:redis] does not accept this user name and password'
    await expect(driver.read(A)).rejects.toThrow(problem)
  })

  it('throws for keys that the user may not access', async () => {
    driver = redisDriver({ target: redisTarget(`${deployment.url}?prefix=elsewhere`) })
    const problem = '[cloakroom] [store:redis] does not allow this user the commands that sessions need. The README of '
      + 'nuxt-cloakroom lists them'
    await expect(driver.create(A, 'value', meta())).rejects.toThrow(problem)
  })
})

/** Starts a server that accepts only TLS, and only a user with a password and the rights that the README lists. */
async function startRestricted(program: string): Promise<Deployment> {
  const pair = await issuePair()
  const files = install(directory.path(), 'redis', pair)
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pair.ca])
  const port = await freePort()
  const server = await startRedis(
    program,
    '--port', '0',
    '--tls-port', `${port}`,
    '--tls-cert-file', files.NUXT_TLS_CERT,
    '--tls-key-file', files.NUXT_TLS_KEY,
    '--tls-auth-clients', 'no',
  )
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
