import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../layers/session/server/drivers/from-url'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { Visitor } from '../../layers/session/testing/visitor'
import { spawnTypeScript } from '../support/child'
import type { LineProcess } from '../support/line-process'
import { lineProcess } from '../support/line-process'
import { findRedis, startRedis } from '../support/redis'
import { rounds } from '../support/soak'
import { close } from '../support/stores'

const PROCESSES = 2
const MOST_PER_OWNER = 5
/** By each of the processes. */
const INCREMENTS = rounds(500, 5000)
const SIGN_OUTS = rounds(10, 1000)
const ROUNDS = rounds(10, 1000)
/** Of the two processes together, so many at once. */
const PARALLEL = 64
/** After which a secret in use is replaced, and a session is still alive. */
const ROTATION_DUE_MS = 16 * 60_000
const HAMMERED = rounds(200, 5000)
const keys = generateKey()
const redisProgram = findRedis()

const shared = [
  { name: 'SQLite', skip: false, prepare: prepareSqlite },
  { name: 'Redis', skip: !redisProgram, prepare: prepareRedis },
]

describe.each(shared)('several processes on one $name store', ({ skip, prepare }) => {
  describe.skipIf(skip)('are as right as one', () => {
    let store: { url: string, dispose: () => unknown }
    let racers: ReturnType<typeof startRacer>[]
    let engine: SessionEngine
    /** The same, a while ago. */
    let earlier: SessionEngine

    beforeAll(async () => {
      store = await prepare()
      const { driver } = openStore(store.url, { mounted: () => undefined, warn: () => {} })
      const options = { driver, ring: parseKeyRing(keys), config: parseConfig({ maxPerOwner: `${MOST_PER_OWNER}` }) }
      engine = new SessionEngine(options)
      earlier = new SessionEngine({ ...options, clock: () => engine.clock() - ROTATION_DUE_MS })
      racers = Array.from({ length: PROCESSES }, () => startRacer(store.url))
      await Promise.all(racers.map(racer => racer.run('ready')))
    })

    afterAll(async () => {
      await Promise.all(racers.map(racer => racer.end()))
      await close(engine.store.driver)
      await store.dispose()
    })

    it(`F17 F1 count every acknowledged increment, and no other (${INCREMENTS} each)`, async () => {
      const visitor = await newVisitor(engine)
      const acknowledged = await Promise.all(racers.map(racer => racer.run('increment', visitor.cookie!, INCREMENTS)))
      const total = acknowledged.reduce<number>((sum, count) => sum + Number(count), 0)
      expect(await visitor.request(session => session.data.count)).toBe(total)
      expect(total).toBeGreaterThan(INCREMENTS) // A refusal with 409 is right, but must stay rare.
    })

    it(`F2 keep all of many different keys (${ROUNDS} times)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        const each = PARALLEL / PROCESSES
        const acknowledged = (await Promise.all(racers.map((racer, i) => racer.run('writeKeys', visitor.cookie!, i * each, each)))).flat() as string[]
        const kept = await visitor.request(session => Object.keys(session.data).filter(name => name.startsWith('key')))
        expect(kept.sort()).toEqual(acknowledged.sort())
        expect(kept.length).toBeGreaterThan(each) // A refusal with 409 is right, but must stay rare.
      }
    })

    it(`F15 give a one-time value to exactly one of ${PARALLEL} (${ROUNDS} times)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        await visitor.request(session => session.flash('ticket', `ticket${round}`))
        const taken = await Promise.all(racers.map(racer => racer.run('take', visitor.cookie!, PARALLEL / PROCESSES)))
        expect(taken.flat()).toEqual([`ticket${round}`])
      }
    })

    it(`rotate once: of two rotations at the same time one wins, and its secret is the only one (${ROUNDS} times)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        expect(await Promise.all(racers.map(racer => racer.run('begin', visitor.cookie!)))).toEqual([true, true])
        const outcomes = await Promise.all(racers.map(racer => racer.run('rotate'))) as [boolean, string][]
        const winners = outcomes.filter(([rotated]) => rotated)
        expect(winners).toHaveLength(1)
        expect(await new Visitor(engine, winners[0]![1]).isKnown()).toBe(true)
        expect(await visitor.isKnown()).toBe(false)
      }
    })

    it(`F6 lose none of ${PARALLEL} readers over a periodic rotation, and give all the same new secret (${ROUNDS} times)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(earlier)
        const use = () => Promise.all(racers.map(racer => racer.run('use', visitor.cookie!, PARALLEL / PROCESSES)))
        const cookies = (await use()).flat() as (string | null)[]
        expect(cookies).not.toContain(null)
        expect(cookies).not.toContain(visitor.cookie)
        const secrets = await Promise.all(cookies.map(cookie => secretOf(cookie!)))
        expect(new Set(secrets).size).toBe(1)
        // Whoever comes late with the secret before it is given the same.
        expect(await secretOf((await use()).flat()[0] as string)).toBe(secrets[0])
      }
    })

    /** What its bearer proves the session with. */
    async function secretOf(cookie: string) {
      const admitted = await engine.load(`${engine.config.cookieName}=${cookie}`)
      return admitted?.stale === null ? admitted.ticket.secret.toString('hex') : undefined
    }

    it(`F4 let no save of another process bring a signed-out session back (${SIGN_OUTS} times)`, async () => {
      for (let round = 0; round < SIGN_OUTS; round++) {
        const visitor = await newVisitor(engine)
        const stolen = visitor.copy()
        const saving = racers.map(racer => racer.run('saveUntilEnded', visitor.cookie!))
        await visitor.request(session => session.signOut())
        await Promise.all(saving)
        expect(await stolen.isKnown()).toBe(false)
      }
    })

    it('F14 never let an owner have more sessions than allowed', async () => {
      const cookies = (await Promise.all(racers.map(racer => racer.run('signIn', 'ada', 20)))).flat() as string[]
      const known = await Promise.all(cookies.map(cookie => new Visitor(engine, cookie).isKnown()))
      expect(known.filter(Boolean)).toHaveLength(MOST_PER_OWNER)
    })
  })
})

describe('several processes on one SQLite file', () => {
  let store: Awaited<ReturnType<typeof prepareSqlite>>
  let processes: LineProcess[]
  const all = (...task: (string | number)[]) => Promise.all(processes.map(({ ask }) => ask(JSON.stringify(task)))) as Promise<{ answer?: unknown }[]>

  beforeAll(async () => {
    store = await prepareSqlite()
    processes = Array.from({ length: 4 }, () => lineProcess(spawnTypeScript(join(import.meta.dirname, 'store-process.ts'), store.path)))
    await all('ready')
  })

  afterAll(async () => {
    await Promise.all(processes.map(({ end }) => end()))
    store.dispose()
  })

  it('all get it when they start together and it is new: none is told that it is locked', async () => {
    expect(await all('open', Date.now() + 50)).toEqual(processes.map(() => ({ answer: null })))
  })

  it(`all get their turn next to others that write without a pause, ${HAMMERED} times each (F17)`, async () => {
    expect(await all('hammer', HAMMERED)).toEqual(processes.map(() => ({ answer: HAMMERED })))
  })
})

async function newVisitor(engine: SessionEngine): Promise<Visitor> {
  const visitor = new Visitor(engine)
  await visitor.request(session => session.update({ count: 0 }))
  return visitor
}

function startRacer(url: string) {
  const { ask, end } = lineProcess(spawnTypeScript(join(import.meta.dirname, 'racer.ts'), url, keys))
  return { run: (task: string, ...args: (string | number)[]) => ask([task, ...args].join(' ')), end }
}

async function prepareSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-processes-'))
  const path = join(folder, 'sessions.db')
  return { path, url: `sqlite:${path}`, dispose: () => rmSync(folder, { recursive: true }) }
}

async function prepareRedis() {
  const server = await startRedis(redisProgram!)
  return { url: server.url, dispose: () => server.dispose() }
}
