import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
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
import type { RedisGroup } from '../../support/redis-groups'
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
  let deployment: Awaited<ReturnType<typeof startRestricted>>
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

  it('connects if the URL names the certificate of the authority', async () => {
    const trusted = tls.getCACertificates('default')
    tls.setDefaultCACertificates(tls.getCACertificates('bundled'))
    try {
      for (const options of ['', '&servername=localhost']) {
        const host = options ? '127.0.0.1' : 'localhost' // The certificate is not for this address.
        const url = `${deployment.url.replace('localhost', host)}?ca=${deployment.ca}${options}`
        driver = redisDriver({ target: redisTarget(url) })
        await expect(driver.read(A)).resolves.toBeNull()
      }
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

describe.skipIf(!program)('redisDriver with a sentinel that has a password', () => {
  let group: RedisGroup

  beforeAll(async () => {
    group = await startSentinel(program!, 's@crät')
  })

  afterAll(() => group.dispose())

  it('connects with it', async () => {
    const driver = redisDriver({ target: redisTarget(group.url) })
    expect(await driver.create(A, 'value', meta())).toBe(true)
    await driver.dispose?.()
  })

  it('does not connect without it, and says why at the start', async () => {
    const target = redisTarget(group.url.replace(/&sentinelPassword=.*/, ''))
    const warning = Promise.withResolvers<string>()
    const driver = redisDriver({ target, warn: warning.resolve })
    expect(await warning.promise).toMatch(/^\[cloakroom\] \[store:redis\] .*NOAUTH/)
    await expect(driver.read(A)).rejects.toThrow('[cloakroom] [store:redis] is not connected')
    await driver.dispose?.()
  })
})

describe.skipIf(!program)('a server that is older than Redis 6.2', () => {
  it.each([
    ['6.0.16', true], ['5.0.14', true], ['6.2.0', false], ['7.0.15', false], ['10.1.0', false],
  ])('is refused with one sentence: %s, %s', async (version, isRefused) => {
    const server = await startPretender(version)
    const warnings: string[] = []
    const driver = redisDriver({ target: redisTarget(server.url), warn: message => warnings.push(message) })
    const sentence = `[cloakroom] [store:redis] is version ${version}, but 6.2 is required`
    if (isRefused) await expect(driver.read(A)).rejects.toThrow(sentence)
    else await expect(driver.read(A)).resolves.toBeNull()
    expect(warnings).toEqual(isRefused ? [sentence] : [])
    await driver.dispose?.()
    server.close()
  })

  it('is the only one that lacks a command of the list of rights', async () => {
    const server = await startRedis(program!)
    const admin = new Redis(server.port)
    const docs = await admin.call('COMMAND', 'DOCS', ...commandsInReadme()) as (string | string[])[]
    admin.disconnect()
    await server.dispose()
    const since = docs.filter(Array.isArray).map(fields => fields[fields.indexOf('since') + 1]!)
    expect(since.length).toBeGreaterThan(20)
    expect(since.filter(version => version.localeCompare('6.2.0', 'en', { numeric: true }) > 0)).toEqual([])
  })
})

/** The commands that a Redis user of the app may run. */
function commandsInReadme(): string[] {
  const [, rule] = /ACL SETUSER (app on .*)/.exec(readFileSync(README, 'utf8'))!
  return [...rule!.matchAll(/\+([a-z|]+)/g)].map(([, name]) => name!.split('|')[0]!)
}

/** A server that says of itself that it is another version, and has no sessions. */
async function startPretender(version: string) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const [, name] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) socket.write(replyTo(name!, version))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

function replyTo(command: string, version: string): string {
  const info = `redis_version:${version}\r\nloading:0\r\n`
  const replies: Record<string, string> = {
    info: `$${info.length}\r\n${info}\r\n`,
    time: '*2\r\n$10\r\n1764374400\r\n$1\r\n0\r\n',
    config: '*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n',
    hmget: '*3\r\n$-1\r\n$-1\r\n$-1\r\n',
  }
  return replies[command.toLowerCase()] ?? '+OK\r\n'
}

/** Starts a server that accepts only TLS, and only a user with a password and the rights that the README lists. */
async function startRestricted(program: string): Promise<Deployment & { ca: string }> {
  const pair = await issuePair(['localhost'])
  const files = install(directory.path(), 'redis', pair)
  const ca = join(directory.path(), 'ca.pem')
  writeFileSync(ca, pair.ca)
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
    ca,
    async dispose() {
      await server.dispose()
      directory.remove()
    },
  }
}
