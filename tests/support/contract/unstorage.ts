import { createStorage } from 'unstorage'
import { describe, expect, it } from 'vitest'
import { TOMBSTONE_LIFETIME_MS } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import type { CurrentDriver } from './samples'
import { A, B, NOW, meta } from './samples'

/** The contract of a plain unstorage driver: the cases of unstorage's own suite, and sessions next to plain values. */
export function describeUnstorage(driver: CurrentDriver) {
  describe('mounted in unstorage', () => {
    const mounted = () => createStorage().mount('sessions', driver())

    it('contains the sessions, and none that was removed', async () => {
      const storage = mounted()
      await driver().create(A, '{"a":1}', meta())
      await driver().create(B, '{"b":1}', meta())
      await driver().remove(B, NOW, 'signed_out')
      expect(await storage.getItem(`sessions:${A}`)).toEqual({ a: 1 })
      expect(await storage.getItem(`sessions:${B}`)).toBeNull()
      expect(await storage.hasItem(`sessions:${A}`)).toBe(true)
      expect(await storage.hasItem(`sessions:${B}`)).toBe(false)
    })

    it('lists and clears the whole mount', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 1)
      await storage.setItem('sessions:a:y', 1)
      expect((await storage.getKeys('sessions')).toSorted()).toEqual(['sessions:a:y', 'sessions:x'])
      await storage.clear('sessions')
      expect(await storage.getKeys('sessions')).toEqual([])
      expect(await storage.getItem('sessions:x')).toBeNull()
      await storage.clear('sessions')
    })

    it('clears the keys under a base, and no others', async () => {
      for (const key of ['a:1', 'ab:1']) await driver().setItem!(key, key, {})
      await driver().clear!('a:', {})
      expect(await driver().getKeys('', {})).toEqual(['ab:1'])
    })

    it('sets, gets, overwrites and removes a value', async () => {
      const storage = mounted()
      expect(await storage.getItem('sessions:x')).toBeNull()
      await storage.setItem('sessions:x', { n: 1 })
      await storage.setItem('sessions:x', { n: 2, text: 'é😀' })
      expect(await storage.getItem('sessions:x')).toEqual({ n: 2, text: 'é😀' })
      await storage.removeItem('sessions:x')
      expect(await storage.getItem('sessions:x')).toBeNull()
      expect(await storage.hasItem('sessions:x')).toBe(false)
      await storage.removeItem('sessions:x')
    })

    it('keeps a plain value through every sweep and trim', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 'kept')
      await driver().sweep(NOW + 1000 * TOMBSTONE_LIFETIME_MS, 100)
      await driver().trimAnonymous(1, 100)
      expect(await storage.getItem('sessions:x')).toBe('kept')
    })

    it('lists keys by base and by depth', async () => {
      const storage = mounted()
      for (const key of ['a:1', 'a:b:2', 'ab:1', '0']) await storage.setItem(`sessions:${key}`, key)
      const keysInA = await storage.getKeys('sessions:a')
      expect(keysInA.toSorted()).toEqual(['sessions:a:1', 'sessions:a:b:2'])
      const keysOfDepth2 = await storage.getKeys('sessions', { maxDepth: 2 })
      expect(keysOfDepth2.toSorted()).toEqual(['sessions:0', 'sessions:a:1', 'sessions:ab:1'])
    })

    it('stores values of all types, and bytes', async () => {
      const storage = mounted()
      const values = { object: { json: 'works' }, true: true, false: false, zero: 0, text: 'text' }
      for (const [key, value] of Object.entries(values)) await storage.setItem(`sessions:${key}.json`, value)
      for (const [key, value] of Object.entries(values)) {
        expect(await storage.getItem(`sessions:${key}.json`), key).toEqual(value)
      }
      await storage.setItemRaw('sessions:bytes.bin', new Uint8Array([1, 2, 255]))
      const bytes = await storage.getItemRaw('sessions:bytes.bin') as Uint8Array
      expect([...Buffer.from(bytes)]).toEqual([1, 2, 255])
    })

    it('sets and gets several values in one call', async () => {
      const storage = mounted()
      await storage.setItems([{ key: 'sessions:t:1', value: 'one' }, { key: 'sessions:t:2', value: 'two' }])
      expect(await storage.getItems([{ key: 'sessions:t:1' }, 'sessions:t:2?q=1', 'sessions:none'])).toEqual([
        { key: 'sessions:t:1', value: 'one' },
        { key: 'sessions:t:2', value: 'two' },
        { key: 'sessions:none', value: null },
      ])
    })

    it('is disposed of when it is unmounted, and may be disposed of twice', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 1)
      await storage.unmount('sessions')
      await driver().dispose?.()
    })
  })
}
