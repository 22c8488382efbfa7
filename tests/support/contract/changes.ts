import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { userTagOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import type { AtomicDriver, StoreChange } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { eventually } from '../eventually.ts'
import { A, B, C, LIMIT, NOW, meta, userMeta } from './samples'

/**
 * The contract of `subscribe`: what one driver writes is reported to the subscribers of another driver on the same
 * store, as that change or as `unknown`.
 *
 * @param open opens two drivers on one empty store
 * @param advance advances fake timers to the next poll, for a driver that polls
 */
export function describeChanges(
  open: () => readonly [subscribed: AtomicDriver, other: AtomicDriver],
  advance = () => {},
) {
  describe('subscribe, for writes of another driver on the same store', () => {
    let subscribed: AtomicDriver
    let other: AtomicDriver
    const reported: StoreChange[] = []

    /** Runs `write` and waits until it is reported. Earlier reports do not count. */
    async function expectReported(change: StoreChange, write: () => unknown) {
      reported.length = 0
      await write()
      await eventually(() => {
        advance()
        const isReported = reported.some(one => one === 'unknown' || JSON.stringify(one) === JSON.stringify(change))
        expect(isReported).toBe(true)
      })
    }

    beforeEach(async () => {
      [subscribed, other] = open()
      subscribed.subscribe!((change) => {
        reported.push(change)
      })
      await other.assignUser(B, 'value', userMeta('ada'), LIMIT)
      await expectReported('unknown', () => other.removeItem!('no such key', {}))
    })

    afterEach(() => Promise.all([subscribed, other].map(driver => driver.dispose?.())))

    it('reports a removed session, and the user whose list it was on', async () => {
      await expectReported({ sessionKey: B }, () => other.remove(B, NOW, 'revoked'))
      await other.assignUser(A, 'value', userMeta('ada'), LIMIT)
      await expectReported({ userTag: userTagOf('ada') }, () => other.remove(A, NOW, 'revoked'))
    })

    it('reports each session when all sessions of a user are removed', async () => {
      await expectReported({ sessionKey: B }, () => other.removeByUser('ada', NOW))
    })

    it('reports a sign-in, and the session that is evicted for it', async () => {
      const signIn = (key: string, createdAt: number, max: number) =>
        other.assignUser(key, 'value', userMeta('ada', { createdAt }), { ...LIMIT, max })
      await expectReported({ userTag: userTagOf('ada') }, () => signIn(A, NOW + 1, LIMIT.max))
      await expectReported({ sessionKey: B }, () => signIn(C, NOW + 2, 2))
    })

    it('reports an anonymous session that is assigned to a user, and one that is trimmed', async () => {
      await other.create(A, 'value', meta())
      await expectReported({ sessionKey: A }, () => other.assignUser(A, 'value', userMeta('bob'), LIMIT, 1))
      await other.create(C, 'value', meta())
      await expectReported({ sessionKey: C }, () => other.trimAnonymous(0, 10))
    })

    it('reports nothing to a listener that has unsubscribed', async () => {
      const reportedLater: StoreChange[] = []
      const unsubscribe = subscribed.subscribe!((change) => {
        reportedLater.push(change)
      })
      unsubscribe()
      reportedLater.length = 0
      await expectReported({ sessionKey: B }, () => other.remove(B, NOW, 'revoked'))
      expect(reportedLater).toEqual([])
    })
  })
}
