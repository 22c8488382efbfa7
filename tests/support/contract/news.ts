import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownerTagOf } from '../../../layers/session/server/engine/identity'
import type { AtomicDriver, StoreNews } from '../../../layers/session/server/engine/store'
import { A, B, GUARD, NOW, meta, owned } from './samples'
import { eventually } from '../eventually.ts'

/** A promise of every driver that has `listen`: within a second one hears of what the other writes, or that it may be anything. `look`: lets the time pass after which a driver looks by itself. */
export function describeNews(open: () => readonly [here: AtomicDriver, elsewhere: AtomicDriver], look = () => {}) {
  describe('what another driver on the same store writes', () => {
    let here: AtomicDriver
    let elsewhere: AtomicDriver
    const heard: StoreNews[] = []

    /** Waits until news of it comes; what came before does not count. */
    async function hears(news: StoreNews, write: () => unknown) {
      heard.length = 0
      await write()
      await eventually(() => {
        look()
        expect(heard.some(one => one === 'anything' || JSON.stringify(one) === JSON.stringify(news))).toBe(true)
      })
    }

    beforeEach(async () => {
      [here, elsewhere] = open()
      here.listen!(news => void heard.push(news))
      await elsewhere.enrol(B, 'value', owned('ada'), GUARD)
      await hears('anything', () => elsewhere.removeItem!('no such key', {}))
    })

    afterEach(() => Promise.all([here, elsewhere].map(driver => driver.dispose?.())))

    it('is heard: a session that is removed, and the list it was on', async () => {
      await hears({ session: B }, () => elsewhere.remove(B, NOW, 'revoked'))
      await elsewhere.enrol(A, 'value', owned('ada'), GUARD)
      await hears({ owner: ownerTagOf('ada') }, () => elsewhere.remove(A, NOW, 'revoked'))
    })

    it('is heard: all of a user\'s sessions that are removed', async () => {
      await hears({ session: B }, () => elsewhere.removeByOwner('ada', NOW))
    })

    it('is heard: a sign-in, and the session that gives way to it', async () => {
      await hears({ owner: ownerTagOf('ada') }, () => elsewhere.enrol(A, 'value', owned('ada', { createdAt: NOW + 1 }), GUARD))
      await hears({ session: B }, () => elsewhere.enrol('c'.repeat(32), 'value', owned('ada', { createdAt: NOW + 2 }), { ...GUARD, max: 2 }))
    })

    it('is heard: an anonymous session that becomes somebody\'s, and one that gives way to newer ones', async () => {
      await elsewhere.create(A, 'value', meta())
      await hears({ session: A }, () => elsewhere.enrol(A, 'value', owned('bob'), GUARD, 1))
      await elsewhere.create('c'.repeat(32), 'value', meta())
      await hears({ session: 'c'.repeat(32) }, () => elsewhere.trimAnonymous(0, 10))
    })

    it('is heard no more once nobody listens', async () => {
      const other: StoreNews[] = []
      const stop = here.listen!(news => void other.push(news))
      stop()
      other.length = 0
      await hears({ session: B }, () => elsewhere.remove(B, NOW, 'revoked'))
      expect(other).toEqual([])
    })
  })
}
