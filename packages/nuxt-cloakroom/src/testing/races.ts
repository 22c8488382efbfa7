import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { RaceTrack } from './track'
import { PARALLEL, all, engineOf, increment, recordsOf, refused, repeat, retried, rounds, withSession } from './track'
import { Visitor } from './visitor'

/** A race with the only outcome that is right. `run` throws an `AssertionError` otherwise. */
export interface Race {
  readonly name: string
  run(track: RaceTrack): Promise<void>
}

/** An idle timeout that no other session of a track reaches. */
const IDLE_MS = 60_000

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
      await all(PARALLEL, i => retried(() =>
        visitor.at(engineOf(track, i)).request(session => session.update({ [`key${i}`]: i }))))
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
        visitor.at(engineOf(track, 1)).touch(),
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
      const userIds = await Promise.all(tabs.map(tab => tab.request(session => session.userId)))
      assert.deepEqual(userIds, users)
      assert.equal(await visitor.isKnown(), false)
    }),
  },
  {
    name: 'F12 lets a touch win over the sweep only if the session is still alive by it',
    run: track => repeat(track, async (round) => {
      const now = track.engines[0].clock()
      const [one, other] = [0, 1].map(i => engineOf(track, i).store.driver)
      const keys = [randomUUID(), randomUUID()] as const
      const times = { createdAt: now, lastSeenAt: now, idleTimeout: IDLE_MS, expiresAt: now + 10 * IDLE_MS }
      const meta = { userId: null, ...times }
      for (const key of keys) await one!.create(key, 'value', meta)
      const sweeping = round % 2 === 0 ? other!.sweep(now + IDLE_MS, PARALLEL) : undefined
      const [inTime, late] = await Promise.all([
        one!.touch(keys[0], now + IDLE_MS - 1),
        one!.touch(keys[1], now + IDLE_MS),
        sweeping ?? other!.sweep(now + IDLE_MS, PARALLEL),
      ])
      assert.equal(late, false)
      assert.equal((await one!.read(keys[0]))?.lastSeenAt, inTime ? now + IDLE_MS - 1 : undefined)
    }),
  },
  {
    name: 'F13 makes no record for parallel first requests that only read, and one for each that writes',
    async run(track) {
      const before = await recordsOf(track)
      const visitors = Array.from({ length: PARALLEL }, (_, i) => new Visitor(engineOf(track, i)))
      const read = (visitor: Visitor) => visitor.request(session => session.exists || session.data.count)
      const seen = await Promise.all(visitors.map(read))
      assert.deepEqual(new Set(seen), new Set([undefined]))
      const cookies = visitors.map(({ cookie, cookiesSet }) => [cookie, cookiesSet])
      assert.deepEqual(cookies, visitors.map(() => [undefined, 0]))
      assert.equal(await recordsOf(track), before)
      await Promise.all(visitors.map(visitor => visitor.request(session => Promise.all([
        session.update({ count: 1 }),
        session.update({ ticket: 'x' }),
      ]))))
      assert.deepEqual(visitors.map(({ cookiesSet }) => cookiesSet), visitors.map(() => 1))
      assert.equal(await recordsOf(track), before + PARALLEL)
    },
  },
  {
    name: 'F14 never lets a user have more sessions than allowed',
    async run(track) {
      const userId = randomUUID()
      const { maxPerUser } = track.engines[0].config
      const visitors = Array.from({ length: maxPerUser + PARALLEL }, (_, i) => new Visitor(engineOf(track, i)))
      await Promise.all(visitors.map(visitor => visitor.request(session => session.signIn(userId))))
      const alive = await Promise.all(visitors.map(visitor => visitor.isKnown()))
      const listed = await visitors[alive.lastIndexOf(true)]!.request(session => session.devices())
      assert.equal(alive.filter(Boolean).length, maxPerUser)
      assert.equal(listed.length, maxPerUser)
    },
  },
  {
    name: 'F15 gives a one-time value to exactly one of many',
    async run(track) {
      const visitor = await withSession(track)
      await visitor.request(session => session.flash('ticket', 'once'))
      const taken = await all(PARALLEL, i => retried(() =>
        visitor.at(engineOf(track, i)).request(session => session.pull('ticket'))))
      assert.deepEqual(taken.filter(value => value !== undefined), ['once'])
    },
  },
  {
    name: 'signs out everywhere, a sign-in in flight included',
    run: track => repeat(track, async (round) => {
      const userId = randomUUID()
      const [first, late] = [new Visitor(engineOf(track, 0)), new Visitor(engineOf(track, 1))]
      await first.request(session => session.signIn(userId))
      const slow = await late.begin()
      const revoking = first.request(session => session.revokeAll())
      if (round % 2 === 0) await revoking
      await Promise.all([revoking, slow.signIn(userId).catch(refused)])
      assert.equal(await late.isKnown(), false)
    }),
  },
]
