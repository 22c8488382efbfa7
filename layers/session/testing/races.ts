import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { SessionEngine } from '../server/engine/engine'
import { SessionError } from '../server/engine/errors'
import { Visitor } from './visitor'

/** What a race runs on: engines that share one store, as several servers would. One will do. */
export interface RaceTrack {
  readonly engines: readonly [SessionEngine, ...SessionEngine[]]
  /** How often a race of two is repeated. Default 100. */
  readonly rounds?: number
}

/** A race with the only outcome that is right. `run` throws an `AssertionError` otherwise. */
export interface Race {
  readonly name: string
  run(track: RaceTrack): Promise<void>
}

const PARALLEL = 64

/**
 * The races that a session store must win, for any test runner:
 *
 * ```ts
 * for (const race of races) it(race.name, () => race.run({ engines: [makeEngine(myDriver())] }))
 * ```
 */
export const races: readonly Race[] = [
  {
    name: 'F1 loses no increment of a counter',
    async run(track) {
      const visitor = await withSession(track)
      const total = 10 * rounds(track)
      const outcomes = await all(total, i => retried(() => visitor.at(engineOf(track, i)).request(increment)))
      assert.equal(outcomes.filter(Boolean).length, total)
      assert.equal(await visitor.request(session => session.data.count), total)
    },
  },
  {
    name: 'F2 keeps both of two different keys',
    async run(track) {
      const visitor = await withSession(track)
      await all(PARALLEL, i => retried(() => visitor.at(engineOf(track, i)).request(session => session.update({ [`key${i}`]: i }))))
      const { data } = await visitor.begin()
      assert.deepEqual(Object.keys(data).filter(name => name.startsWith('key')).length, PARALLEL)
    },
  },
  {
    name: 'F3 lets a reader overwrite nothing',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      await Promise.all([
        visitor.request(session => session.update({ count: 1 })),
        visitor.at(engineOf(track, 1)).request(session => session.extend()),
        visitor.at(engineOf(track, 1)).request(session => session.recordActivity()),
      ])
      assert.equal(await visitor.request(session => session.data.count), 1)
    }),
  },
  {
    name: 'F4 never brings a signed-out session back by a late save',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      const stolen = visitor.copy()
      const slow = await visitor.at(engineOf(track, 1)).begin()
      const [saved] = await Promise.all([slow.update({ count: 1 }), visitor.request(session => session.signOut())])
      assert.equal(typeof saved, 'boolean')
      assert.equal(await stolen.isKnown(), false)
      assert.equal(await slow.update({ count: 2 }), false)
      assert.equal(await stolen.isKnown(), false)
    }),
  },
  {
    name: 'F5 never brings a signed-out session back by a touch',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      const stolen = visitor.copy()
      const idle = await visitor.at(engineOf(track, 1)).begin()
      await Promise.all([idle.extend(), visitor.request(session => session.signOut())])
      assert.equal(await idle.extend(), false)
      assert.equal(await stolen.isKnown(), false)
    }),
  },
  {
    name: 'rotates once: of two rotations at the same time one wins, and its secret is the only one',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      const [a, b] = [visitor.copy(), visitor.at(engineOf(track, 1))]
      const outcomes = await Promise.all([a, b].map(side => side.request(session => session.rotate())))
      const known = await Promise.all([a, b].map(side => side.isKnown()))
      assert.equal(known.filter(Boolean).length, 1)
      assert.equal(outcomes.filter(Boolean).length, 1)
      assert.equal(await visitor.copy().isKnown(), false)
    }),
  },
  {
    name: 'F8 keeps the data of a save that races with a rotation',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      const saver = visitor.at(engineOf(track, 1))
      const [, saved] = await Promise.all([
        visitor.request(session => session.rotate()),
        saver.request(session => session.update({ count: 1 })),
      ])
      // A rotation with no grace may leave the saver without a session; what it was told must be what happened.
      assert.equal(await visitor.request(session => session.data.count), saved ? 1 : undefined)
    }),
  },
  {
    name: 'F10 never mixes two users who sign in over one anonymous session',
    run: track => repeat(track, async () => {
      const visitor = await withSession(track)
      const tabs = [visitor.copy(), visitor.at(engineOf(track, 1))]
      const users = [randomUUID(), randomUUID()]
      await Promise.all(tabs.map((tab, i) => tab.request(session => session.signIn(users[i]!))))
      const owners = await Promise.all(tabs.map(tab => tab.request(session => session.owner)))
      assert.deepEqual(owners, users)
      assert.equal(await visitor.isKnown(), false)
    }),
  },
  {
    name: 'F13 makes no record for parallel first requests that only read, and one for each that writes',
    async run(track) {
      const before = await recordsOf(track)
      const visitors = Array.from({ length: PARALLEL }, (_, i) => new Visitor(engineOf(track, i)))
      const seen = await Promise.all(visitors.map(visitor => visitor.request(session => session.exists || session.data.count)))
      assert.deepEqual(new Set(seen), new Set([undefined]))
      assert.deepEqual(visitors.map(({ cookie, cookiesSet }) => [cookie, cookiesSet]), visitors.map(() => [undefined, 0]))
      assert.equal(await recordsOf(track), before)
      await Promise.all(visitors.map(visitor => visitor.request(session => Promise.all([session.update({ count: 1 }), session.update({ ticket: 'x' })]))))
      assert.deepEqual(visitors.map(({ cookiesSet }) => cookiesSet), visitors.map(() => 1))
      assert.equal(await recordsOf(track), before + PARALLEL)
    },
  },
  {
    name: 'F14 never lets an owner have more sessions than allowed',
    async run(track) {
      const owner = randomUUID()
      const { maxPerOwner } = track.engines[0].config
      const visitors = Array.from({ length: maxPerOwner + PARALLEL }, (_, i) => new Visitor(engineOf(track, i)))
      await Promise.all(visitors.map(visitor => visitor.request(session => session.signIn(owner))))
      const alive = await Promise.all(visitors.map(visitor => visitor.isKnown()))
      const listed = await visitors[alive.lastIndexOf(true)]!.request(session => session.devices())
      assert.equal(alive.filter(Boolean).length, maxPerOwner)
      assert.equal(listed.length, maxPerOwner)
    },
  },
  {
    name: 'F15 gives a one-time value to exactly one of many',
    async run(track) {
      const visitor = await withSession(track)
      await visitor.request(session => session.flash('ticket', 'once'))
      const taken = await all(PARALLEL, i => retried(() => visitor.at(engineOf(track, i)).request(session => session.pull('ticket'))))
      assert.deepEqual(taken.filter(value => value !== undefined), ['once'])
    },
  },
  {
    name: 'signs out everywhere, a sign-in in flight included',
    run: track => repeat(track, async (round) => {
      const owner = randomUUID()
      const [first, late] = [new Visitor(engineOf(track, 0)), new Visitor(engineOf(track, 1))]
      await first.request(session => session.signIn(owner))
      const slow = await late.begin()
      const revoking = first.request(session => session.revokeAll())
      if (round % 2 === 0) await revoking
      await Promise.all([revoking, slow.signIn(owner).catch(refused)])
      assert.equal(await late.isKnown(), false)
    }),
  },
]

/** Repeats what a store refuses with 409 because others were faster, as a client would. */
async function retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt()
    }
    catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'conflict') throw error
    }
  }
}

function refused(error: unknown) {
  assert.ok(error instanceof SessionError && error.code === 'conflict', `${error}`)
}

async function withSession({ engines }: RaceTrack): Promise<Visitor> {
  const visitor = new Visitor(engines[0])
  await visitor.request(session => session.update({}))
  return visitor
}

function increment(session: Awaited<ReturnType<Visitor['begin']>>) {
  return session.update(draft => void (draft.count = (draft.count ?? 0) + 1))
}

function engineOf({ engines }: RaceTrack, i: number): SessionEngine {
  return engines[i % engines.length]!
}

/** How many sessions the store holds. */
async function recordsOf({ engines }: RaceTrack): Promise<number> {
  return (await engines[0].store.driver.getKeys('', {})).length
}

function rounds({ rounds = 100 }: RaceTrack): number {
  return rounds
}

function all<Result>(count: number, task: (i: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => task(i)))
}

async function repeat(track: RaceTrack, round: (number: number) => Promise<void>) {
  for (let i = 0; i < rounds(track); i++) await round(i)
}
