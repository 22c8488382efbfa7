import { renameSync } from 'node:fs'
import type { Agent } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { keepAlive } from '../support/https.ts'
import { findRedis, startRedis } from '../support/redis'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/limits'
import { lockStore } from '../support/store.ts'
import { eventually } from '../support/eventually.ts'

const VISITORS = 20
/** Reads and writes of each visitor during an outage. */
const ROUNDS = rounds(2, 20)
const redisProgram = findRedis()

/** A server with a store that a test can make unavailable. */
interface BreakableStore {
  readonly server: BuiltServer
  breakDown(): unknown
  restore(): unknown
  dispose?(): unknown
}

interface Outage {
  readonly name: string
  readonly skip?: boolean
  /** Whether sessions can be read meanwhile. */
  readonly reads: 'none' | 'some'
  prepare(): Promise<BreakableStore>
}

const outages: readonly Outage[] = [
  { name: 'a Redis server that was killed', skip: !redisProgram, reads: 'none', prepare: onRedis },
  { name: 'a SQLite file that was moved away', reads: 'none', prepare: onSqliteFile },
  { name: 'a SQLite file that another process has locked', reads: 'some', prepare: onLockedSqlite },
]

/** A store that is down is not a sign-out. */
describe.each(outages)('the built server under load on $name', ({ skip, reads, prepare }) => {
  let store: BreakableStore | undefined
  let agent: Agent | undefined

  afterEach(async () => {
    agent?.destroy()
    await store?.server.dispose()
    await store?.dispose?.()
  })

  it.skipIf(skip)('responds with 503 and never 401, sets no cookie, and all users stay signed in', async () => {
    await ensureCertificate()
    const { server, breakDown, restore } = store = await prepare()
    agent = keepAlive(VISITORS)
    const visitors = await Promise.all(Array.from({ length: VISITORS }, (_, i) => signUp(server, `visitor-${i}`)))
    await breakDown()
    // That a file is missing is noticed a quarter of a second later at most.
    if (reads === 'none') await eventually(async () => expect((await read(visitors[0]!)).status).toBe(503))
    const during = await load(visitors)
    await restore()
    await eventually(async () => expect((await write(visitors[0]!, 'again')).status).toBe(200))
    const afterwards = await Promise.all(visitors.map(async visitor => (await read(visitor)).json()))
    const written = await Promise.all(visitors.map(async visitor => (await write(visitor, 'again')).status))

    const failed = [...during.writes, ...reads === 'none' ? during.reads : []]
    const codes = failed.map(response => (response.json() as { data: { code: string } }).data.code)
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]))
    expect(new Set(failed.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['2']))
    expect(new Set(codes)).toEqual(new Set(['store_unavailable']))
    expect(during.reads.filter(({ status }) => status !== 503 && status !== 200)).toEqual([])
    if (reads === 'some') expect(during.reads.map(({ status }) => status)).toContain(200)
    expect([...during.reads, ...during.writes].flatMap(({ setCookie }) => setCookie)).toEqual([])
    const accounts = visitors.map((_, i) => ({ account: expect.objectContaining({ name: `visitor-${i}` }) as object }))
    expect(afterwards).toEqual(accounts)
    expect(new Set(written)).toEqual(new Set([200]))
    expect(server.logs.filter(line => /unhandled/i.test(line))).toEqual([])
  })

  async function signUp(server: BuiltServer, name: string) {
    const visitor = new AccountVisitor(server)
    expect((await visitor.register(name, 'a coat, a hat, an umbrella')).status).toBe(201)
    return visitor
  }

  function read(visitor: AccountVisitor) {
    return visitor.send('GET', '', undefined, { agent })
  }

  function write(visitor: AccountVisitor, note: string) {
    return visitor.send('PUT', '/note', { note }, { agent })
  }

  async function load(visitors: readonly AccountVisitor[]) {
    const reads: Awaited<ReturnType<typeof read>>[] = []
    const writes: Awaited<ReturnType<typeof write>>[] = []
    await Promise.all(visitors.map(async (visitor) => {
      for (let round = 0; round < ROUNDS; round++) {
        reads.push(await read(visitor))
        writes.push(await write(visitor, 'lost'))
      }
    }))
    return { reads, writes }
  }
})

async function onRedis(): Promise<BreakableStore> {
  const redis = await startRedis(redisProgram!)
  const settings = { NUXT_CLOAKROOM_STORE: redis.url, NUXT_CLOAKROOM_KEYS: generateKey() }
  const server = await startBuiltServer({ ...TRUST_PROXY, ...settings })
  return { server, breakDown: () => redis.kill(), restore: () => redis.start(), dispose: () => redis.dispose() }
}

async function onSqliteFile(): Promise<BreakableStore> {
  const server = await startBuiltServer(TRUST_PROXY)
  const files = ['', '-wal', '-shm'].map(suffix => server.storeFile + suffix)
  return {
    server,
    breakDown: () => files.forEach(file => renameSync(file, `${file}.away`)),
    restore: () => files.forEach(file => renameSync(`${file}.away`, file)),
  }
}

async function onLockedSqlite(): Promise<BreakableStore> {
  const server = await startBuiltServer(TRUST_PROXY)
  let unlock: () => void
  return {
    server,
    breakDown() {
      unlock = lockStore(server.storeFile)
    },
    restore: () => unlock(),
  }
}
