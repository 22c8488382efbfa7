import { createStorage } from 'unstorage'
import { describe, expect, it } from 'vitest'
import { TOMBSTONE_LIFETIME } from '../../../layers/session/server/engine/store'
import type { Subject } from './samples'
import { A, B, NOW, meta } from './samples'

/** That it is a driver to unstorage too: what unstorage's own suite asks of one, and what becomes of sessions beside plain values. */
export function describeUnstorage(driver: Subject) {
  describe('mounted in unstorage', () => {
    const mounted = () => createStorage().mount('sessions', driver())

    it('shows what the engine wrote, and hides what it removed', async () => {
      const storage = mounted()
      await driver().create(A, '{"a":1}', meta())
      await driver().create(B, '{"b":1}', meta())
      await driver().remove(B, NOW, 'signed_out')
      expect(await storage.getItem(`sessions:${A}`)).toEqual({ a: 1 })
      expect(await storage.getItem(`sessions:${B}`)).toBeNull()
      expect(await storage.hasItem(`sessions:${A}`)).toBe(true)
      expect(await storage.hasItem(`sessions:${B}`)).toBe(false)
    })

    it('lists and clears all of the mount', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 1)
      await storage.setItem('sessions:a:y', 1)
      expect((await storage.getKeys('sessions')).toSorted()).toEqual(['sessions:a:y', 'sessions:x'])
      await storage.clear('sessions')
      expect(await storage.getKeys('sessions')).toEqual([])
      expect(await storage.getItem('sessions:x')).toBeNull()
      await storage.clear('sessions')
    })

    it('clears by base, and nothing else', async () => {
      for (const key of ['a:1', 'ab:1']) await driver().setItem!(key, key, {})
      await driver().clear!('a:', {})
      expect(await driver().getKeys('', {})).toEqual(['ab:1'])
    })

    it('sets, gets, overwrites and removes', async () => {
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

    it('keeps a plain value past every sweep and trim', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 'kept')
      await driver().sweep(NOW + 1000 * TOMBSTONE_LIFETIME, 100)
      await driver().trimAnonymous(1, 100)
      expect(await storage.getItem('sessions:x')).toBe('kept')
    })

    it('lists by base and by depth', async () => {
      const storage = mounted()
      for (const key of ['a:1', 'a:b:2', 'ab:1', '0']) await storage.setItem(`sessions:${key}`, key)
      expect((await storage.getKeys('sessions:a')).toSorted()).toEqual(['sessions:a:1', 'sessions:a:b:2'])
      expect((await storage.getKeys('sessions', { maxDepth: 2 })).toSorted()).toEqual(['sessions:0', 'sessions:a:1', 'sessions:ab:1'])
    })

    it('keeps values of all kinds, bytes too', async () => {
      const storage = mounted()
      const values = { object: { json: 'works' }, true: true, false: false, zero: 0, text: 'text' }
      for (const [key, value] of Object.entries(values)) await storage.setItem(`sessions:${key}.json`, value)
      for (const [key, value] of Object.entries(values)) expect(await storage.getItem(`sessions:${key}.json`), key).toEqual(value)
      await storage.setItemRaw('sessions:bytes.bin', new Uint8Array([1, 2, 255]))
      expect([...Buffer.from(await storage.getItemRaw('sessions:bytes.bin') as Uint8Array)]).toEqual([1, 2, 255])
    })

    it('sets and gets several at once', async () => {
      const storage = mounted()
      await storage.setItems([{ key: 'sessions:t:1', value: 'one' }, { key: 'sessions:t:2', value: 'two' }])
      expect(await storage.getItems([{ key: 'sessions:t:1' }, 'sessions:t:2?q=1', 'sessions:none'])).toEqual([
        { key: 'sessions:t:1', value: 'one' }, { key: 'sessions:t:2', value: 'two' }, { key: 'sessions:none', value: null },
      ])
    })

    it('is disposed of with its mount, and may be so twice', async () => {
      const storage = mounted()
      await storage.setItem('sessions:x', 1)
      await storage.unmount('sessions')
      await driver().dispose?.()
    })
  })
}
