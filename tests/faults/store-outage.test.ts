import { renameSync } from 'node:fs'
import type { Agent } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey } from '../../layers/session/server/engine/key-ring'
import { AccountVisitor, TRUSTING } from '../support/account-visitor.ts'
import { keepAlive } from '../support/https.ts'
import { findRedis, startRedis } from '../support/redis'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak'
import { lockStore } from '../support/store.ts'
import { eventually } from '../support/eventually.ts'

const VISITORS = 20
/** Reads and writes of each visitor during an outage. */
const ROUNDS = rounds(2, 20)
const redisProgram = findRedis()

/** A store that somebody can take away from a server, and give back. */
interface Ailing {
  readonly server: BuiltServer
  takeAway(): unknown
  giveBack(): unknown
  dispose?(): unknown
}

interface Outage {
  readonly name: string
  readonly skip?: boolean
  /** Whether sessions can be read meanwhile. */
  readonly reads: 'none' | 'some'
  prepare(): Promise<Ailing>
}

const outages: readonly Outage[] = [
  { name: 'a Redis that dies', skip: !redisProgram, reads: 'none', prepare: onRedis },
  { name: 'a SQLite file that is moved away', reads: 'none', prepare: onSqliteFile },
  { name: 'a SQLite file that another process has locked', reads: 'some', prepare: onLockedSqlite },
]

/** E1, E3, E4, E8, E12, E13, E15: a store that is down is not a visitor who has signed out. */
describe.each(outages)('the built server under load, on $name', ({ skip, reads, prepare }) => {
  let store: Ailing | undefined
  let agent: Agent | undefined

  afterEach(async () => {
    agent?.destroy()
    await store?.server.dispose()
    await store?.dispose?.()
  })

  it.skipIf(skip)('answers 503 and never 401, sets no cookie, and everyone is still signed in afterwards', async () => {
    await ensureCertificate()
    const { server, takeAway, giveBack } = store = await prepare()
    agent = keepAlive(VISITORS)
    const visitors = await Promise.all(Array.from({ length: VISITORS }, (_, i) => signUp(server, `visitor-${i}`)))
    await takeAway()
    if (reads === 'none') await eventually(async () => expect((await read(visitors[0]!)).status).toBe(503)) // A file is looked for a quarter of a second later at most.
    const during = await load(visitors)
    await giveBack()
    await eventually(async () => expect((await write(visitors[0]!, 'again')).status).toBe(200))
    const afterwards = await Promise.all(visitors.map(async visitor => (await read(visitor)).json()))
    const written = await Promise.all(visitors.map(async visitor => (await write(visitor, 'again')).status))

    const failed = [...during.writes, ...reads === 'none' ? during.reads : []]
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]))
    expect(new Set(failed.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['2']))
    expect(new Set(failed.map(answer => (answer.json() as { data: { code: string } }).data.code))).toEqual(new Set(['store_unavailable']))
    expect(during.reads.filter(({ status }) => status !== 503 && status !== 200)).toEqual([])
    if (reads === 'some') expect(during.reads.map(({ status }) => status)).toContain(200)
    expect([...during.reads, ...during.writes].flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(afterwards).toEqual(visitors.map((_, i) => ({ account: expect.objectContaining({ name: `visitor-${i}` }) as object })))
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
    const answers = { reads: [] as Awaited<ReturnType<typeof read>>[], writes: [] as Awaited<ReturnType<typeof write>>[] }
    await Promise.all(visitors.map(async (visitor) => {
      for (let round = 0; round < ROUNDS; round++) {
        answers.reads.push(await read(visitor))
        answers.writes.push(await write(visitor, 'lost'))
      }
    }))
    return answers
  }
})

async function onRedis(): Promise<Ailing> {
  const redis = await startRedis(redisProgram!)
  const server = await startBuiltServer({ ...TRUSTING, NUXT_SESSION_STORE: redis.url, NUXT_SESSION_KEYS: generateKey() })
  return { server, takeAway: () => redis.kill(), giveBack: () => redis.start(), dispose: () => redis.dispose() }
}

async function onSqliteFile(): Promise<Ailing> {
  const server = await startBuiltServer(TRUSTING)
  const files = ['', '-wal', '-shm'].map(suffix => server.storeFile + suffix)
  return {
    server,
    takeAway: () => files.forEach(file => renameSync(file, `${file}.away`)),
    giveBack: () => files.forEach(file => renameSync(`${file}.away`, file)),
  }
}

async function onLockedSqlite(): Promise<Ailing> {
  const server = await startBuiltServer(TRUSTING)
  let unlock: () => void
  return { server, takeAway: () => (unlock = lockStore(server.storeFile)), giveBack: () => unlock() }
}
