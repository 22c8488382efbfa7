import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { openSqlite } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite'
import { openStore } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store'
import { openRedis } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { Visitor } from '../../packages/nuxt-cloakroom/src/testing/visitor'
import { spawnTypeScript } from '../support/child'
import type { LineProcess } from '../support/child-process-lines'
import { lineProcess } from '../support/child-process-lines'
import { load } from '../support/engine'
import { findRedis, startRedis } from '../support/redis'
import { rounds } from '../support/limits'
import { close } from '../support/stores'

const PROCESSES = 2
/** As in `racer.ts`. */
const MAX_PER_USER = 5
/** By each process. */
const INCREMENTS = rounds(500, 5000)
const SIGN_OUTS = rounds(10, 1000)
const ROUNDS = rounds(10, 1000)
/** Parallel requests of all processes together. */
const PARALLEL = 64
const PARALLEL_EACH = PARALLEL / PROCESSES
/** The age of a secret that is due for rotation, of a session that is still active. */
const ROTATION_DUE_MS = 16 * 60_000
const SESSIONS_EACH = rounds(200, 5000)
const keys = generateKey()
const redisProgram = findRedis()

const sharedStores = [
  { name: 'SQLite', skip: false, prepare: prepareSqlite },
  { name: 'Redis', skip: !redisProgram, prepare: prepareRedis },
]

describe.each(sharedStores)('several processes on one $name store', ({ skip, prepare }) => {
  describe.skipIf(skip)('behave like one process: they', () => {
    let store: { url: string, dispose: () => unknown }
    let racers: ReturnType<typeof startRacer>[]
    let engine: SessionEngine
    /** The same engine, as it was some time ago. */
    let earlierEngine: SessionEngine

    beforeAll(async () => {
      store = await prepare()
      const { driver } = openStore(store.url, {
        openers: { sqlite: openSqlite, redis: openRedis },
        mounted: () => undefined,
        warn: () => {},
      })
      const options = { driver, ring: parseKeyRing(keys), config: parseConfig({ maxPerUser: `${MAX_PER_USER}` }) }
      engine = new SessionEngine(options)
      earlierEngine = new SessionEngine({ ...options, clock: () => engine.clock() - ROTATION_DUE_MS })
      racers = Array.from({ length: PROCESSES }, () => startRacer(store.url))
      await runAll('ready')
    })

    afterAll(async () => {
      await Promise.all(racers.map(racer => racer.end()))
      await close(engine.store.driver)
      await store.dispose()
    })

    /** Runs a task in all processes at the same time. */
    function runAll(task: string, ...args: (string | number)[]) {
      return Promise.all(racers.map(racer => racer.run(task, ...args)))
    }

    it(`count every acknowledged increment, and no other (${INCREMENTS} each)`, async () => {
      const visitor = await newVisitor(engine)
      const acknowledged = await runAll('increment', visitor.cookie!, INCREMENTS)
      const total = acknowledged.reduce<number>((sum, count) => sum + Number(count), 0)
      expect(await visitor.request(session => session.data.count)).toBe(total)
      expect(total).toBeGreaterThan(INCREMENTS) // A refusal with 409 is right, but must be rare.
    })

    it(`keep all of many different keys (${ROUNDS} rounds)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        const writing = racers.map((racer, i) =>
          racer.run('writeKeys', visitor.cookie!, i * PARALLEL_EACH, PARALLEL_EACH))
        const acknowledged = (await Promise.all(writing)).flat() as string[]
        const names = await visitor.request(session => Object.keys(session.data))
        const stored = names.filter(name => name.startsWith('key'))
        expect(stored.sort()).toEqual(acknowledged.sort())
        expect(stored.length).toBeGreaterThan(PARALLEL_EACH) // A refusal with 409 is right, but must be rare.
      }
    })

    it(`return a one-time value to exactly one of ${PARALLEL} requests (${ROUNDS} rounds)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        await visitor.request(session => session.flash('ticket', `ticket${round}`))
        const pulled = await runAll('pull', visitor.cookie!, PARALLEL_EACH)
        expect(pulled.flat()).toEqual([`ticket${round}`])
      }
    })

    it(`let one of two parallel rotations succeed, whose secret is the only valid one (${ROUNDS} rounds)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(engine)
        expect(await runAll('begin', visitor.cookie!)).toEqual([true, true])
        const outcomes = await runAll('rotate') as [boolean, string][]
        const winners = outcomes.filter(([isRotated]) => isRotated)
        expect(winners).toHaveLength(1)
        expect(await new Visitor(engine, winners[0]![1]).isKnown()).toBe(true)
        expect(await visitor.isKnown()).toBe(false)
      }
    })

    it(`give the same new secret to ${PARALLEL} requests during a periodic rotation (${ROUNDS} rounds)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = await newVisitor(earlierEngine)
        const browse = () => runAll('browse', visitor.cookie!, PARALLEL_EACH)
        const cookies = (await browse()).flat() as (string | null)[]
        expect(cookies).not.toContain(null)
        expect(cookies).not.toContain(visitor.cookie)
        const secrets = await Promise.all(cookies.map(cookie => currentSecretIn(cookie!)))
        expect(new Set(secrets).size).toBe(1)
        expect(secrets[0]).toMatch(/^[\da-f]+$/)
        // A later request with the previous secret gets the same new one.
        expect(await currentSecretIn((await browse()).flat()[0] as string)).toBe(secrets[0])
      }
    })

    /** The secret in a cookie, if it is the session's current one. */
    async function currentSecretIn(cookie: string) {
      const authenticated = await load(engine, `${engine.config.cookieName}=${cookie}`)
      return authenticated?.outdated === null ? authenticated.cookie.secret.toString('hex') : undefined
    }

    it(`never restore a signed-out session by a save in another process (${SIGN_OUTS} rounds)`, async () => {
      for (let round = 0; round < SIGN_OUTS; round++) {
        const visitor = await newVisitor(engine)
        const copy = visitor.copy()
        const saving = runAll('saveUntilEnded', visitor.cookie!)
        await visitor.request(session => session.signOut())
        await saving
        expect(await copy.isKnown()).toBe(false)
      }
    })

    it('never let a user have more sessions than allowed', async () => {
      const cookies = (await runAll('signIn', 'ada', 20)).flat() as string[]
      const known = await Promise.all(cookies.map(cookie => new Visitor(engine, cookie).isKnown()))
      expect(known.filter(Boolean)).toHaveLength(MAX_PER_USER)
    })
  })
})

describe('several processes on one SQLite file', () => {
  let store: Awaited<ReturnType<typeof prepareSqlite>>
  let processes: LineProcess[]

  /** Runs a task in all processes at the same time. */
  function runAll(...task: (string | number)[]) {
    return Promise.all(processes.map(({ request }) => request(JSON.stringify(task))))
  }

  beforeAll(async () => {
    store = await prepareSqlite()
    const program = join(import.meta.dirname, 'store-process.ts')
    processes = Array.from({ length: 4 }, () => lineProcess(spawnTypeScript(program, store.path)))
    await runAll('ready')
  })

  afterAll(async () => {
    await Promise.all(processes.map(({ end }) => end()))
    store.dispose()
  })

  it('can all open a new file at the same time, without a "locked" error', async () => {
    expect(await runAll('open', Date.now() + 50)).toEqual(processes.map(() => ({ result: null })))
  })

  it(`can all write while the others write without a pause (${SESSIONS_EACH} times each)`, async () => {
    expect(await runAll('createMany', SESSIONS_EACH)).toEqual(processes.map(() => ({ result: SESSIONS_EACH })))
  })
})

async function newVisitor(engine: SessionEngine): Promise<Visitor> {
  const visitor = new Visitor(engine)
  await visitor.request(session => session.update({ count: 0 }))
  return visitor
}

function startRacer(url: string) {
  const { request, end } = lineProcess(spawnTypeScript(join(import.meta.dirname, 'racer.ts'), url, keys))
  return { run: (task: string, ...args: (string | number)[]) => request([task, ...args].join(' ')), end }
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
