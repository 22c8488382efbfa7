import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { eventually } from '../support/eventually.ts'
import { findRedis, startRedis } from '../support/redis.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeDatabase, lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const NEXT = 'another coat, another hat'
const CHANGE = { current: PASSWORD, password: NEXT }
const UNAVAILABLE = [503, 'store_unavailable']
const redisProgram = findRedis()

/** A server with a session store that a test can make read-only. */
interface ReadOnlyStore {
  readonly server: BuiltServer
  refuseWrites(): unknown
  acceptWrites(): unknown
  dispose?(): unknown
}

const stores = [
  { name: 'a SQLite file that another process has locked', skip: false, prepare: onSqlite },
  { name: 'a Redis server that has too few replicas to accept writes', skip: !redisProgram, prepare: onRedis },
]

let store: ReadOnlyStore | undefined

const outcome = ({ status, json }: Awaited<ReturnType<AccountVisitor['send']>>) => [status, json().data.code]
const statusOf = async (visitor: AccountVisitor) => (await visitor.send('GET', '')).status

async function signedInTwice(server: BuiltServer) {
  const [here, there] = [new AccountVisitor(server), new AccountVisitor(server)]
  await here.register('ada', PASSWORD)
  await there.signIn('ada', PASSWORD)
  return { here, there }
}

async function signInStatuses(server: BuiltServer): Promise<number[]> {
  const responses = await Promise.all([PASSWORD, NEXT].map(word => new AccountVisitor(server).signIn('ada', word)))
  return responses.map(({ status }) => status)
}

beforeAll(() => ensureCertificate())

afterEach(async () => {
  await store?.server.dispose()
  await store?.dispose?.()
  store = undefined
})

const isBuilt = existsSync(ENTRY) || Boolean(process.env.CI)

describe.skipIf(!isBuilt).each(stores)('on $name', ({ skip, prepare }) => {
  it.skipIf(skip)('a change of password changes nothing, and the same request completes it later', async () => {
    const { server, refuseWrites, acceptWrites } = store = await prepare()
    const { here, there } = await signedInTwice(server)
    await refuseWrites()
    expect(outcome(await here.send('PUT', '/password', CHANGE))).toEqual(UNAVAILABLE)
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 200])
    await acceptWrites()
    const changed = await eventually(async () => {
      const response = await here.send('PUT', '/password', CHANGE)
      expect(response.status).toBe(200)
      return response
    })
    expect(changed.json()).toEqual({ ended: 1 })
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401])
    expect(await signInStatuses(server)).toEqual([401, 200])
  })

  it.skipIf(skip)('the deletion of an account changes nothing, and the same request completes it later', async () => {
    const { server, refuseWrites, acceptWrites } = store = await prepare()
    const { here, there } = await signedInTwice(server)
    await refuseWrites()
    expect(outcome(await here.send('DELETE', ''))).toEqual(UNAVAILABLE)
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 200])
    await acceptWrites()
    await eventually(async () => expect((await here.send('DELETE', '')).status).toBe(204))
    expect([await statusOf(here), await statusOf(there)]).toEqual([401, 401])
    expect(await signInStatuses(server)).toEqual([401, 401])
  })
})

describe.skipIf(!isBuilt)('an account that is gone', () => {
  it('ends all its sessions at the first request that needs it', async () => {
    const { server } = store = await onSqlite()
    const { here, there } = await signedInTwice(server)
    const copy = here.cookie
    changeDatabase(server.accountsFile, 'DELETE FROM accounts')
    expect(outcome(await here.send('GET', ''))).toEqual([401, 'no_session'])
    expect(here.cookie).toBeUndefined()
    here.cookie = copy
    for (const visitor of [here, there]) {
      expect(outcome(await visitor.send('POST', '/sign-out-everywhere'))).toEqual([401, 'no_session'])
    }
  })

  it('is deleted completely by the same request if the server had stopped before it ended the session', async () => {
    const { server } = store = await onSqlite()
    const { here, there } = await signedInTwice(server)
    changeDatabase(server.accountsFile, 'DELETE FROM accounts')
    expect((await here.send('DELETE', '')).status).toBe(204)
    expect(outcome(await there.send('POST', '/sign-out-everywhere'))).toEqual([401, 'no_session'])
  })
})

describe.skipIf(!isBuilt)('a change of password while the accounts file is locked', () => {
  it('signs out the other devices, keeps the password, and completes when it is repeated', async () => {
    const { server } = store = await onSqlite()
    const { here, there } = await signedInTwice(server)
    const unlock = lockStore(server.accountsFile)
    expect(outcome(await here.send('PUT', '/password', CHANGE))).toEqual([503, 'busy'])
    unlock()
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401])
    expect((await here.send('PUT', '/password', CHANGE)).json()).toEqual({ ended: 0 })
    expect(await signInStatuses(server)).toEqual([401, 200])
  })
})

async function onSqlite(): Promise<ReadOnlyStore> {
  const server = await startBuiltServer(TRUST_PROXY)
  let unlock: () => void
  return {
    server,
    refuseWrites() {
      unlock = lockStore(server.storeFile)
    },
    acceptWrites: () => unlock(),
  }
}

async function onRedis(): Promise<ReadOnlyStore> {
  const redis = await startRedis(redisProgram!)
  const admin = new Redis(redis.port)
  const settings = { NUXT_CLOAKROOM_STORE: redis.url, NUXT_CLOAKROOM_KEYS: generateKey() }
  return {
    server: await startBuiltServer({ ...TRUST_PROXY, ...settings }),
    refuseWrites: () => admin.config('SET', 'min-replicas-to-write', 1),
    acceptWrites: () => admin.config('SET', 'min-replicas-to-write', 0),
    async dispose() {
      admin.disconnect()
      await redis.dispose()
    },
  }
}
