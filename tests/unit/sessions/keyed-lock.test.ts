import { describe, expect, it } from 'vitest'
import { KeyedLock } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/keyed-lock'
import { settled } from '../../support/engine'

/** A task that logs when it begins and ends, and that the test finishes. */
function task(log: string[], name: string) {
  let finish!: () => void
  const done = new Promise<void>(resolve => (finish = resolve))
  return {
    finish,
    run: async () => {
      log.push(`${name} begins`)
      await done
      log.push(`${name} ends`)
      return name
    },
  }
}

describe('KeyedLock', () => {
  it('runs the tasks of one key one after another, in order', async () => {
    const lock = new KeyedLock()
    const log: string[] = []
    const [a, b, c] = [task(log, 'a'), task(log, 'b'), task(log, 'c')]
    const all = Promise.all([a, b, c].map(({ run }) => lock.run('key', run)))
    c.finish()
    b.finish()
    await settled()
    expect(log).toEqual(['a begins'])
    a.finish()
    expect(await all).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('runs the tasks of different keys concurrently', async () => {
    const lock = new KeyedLock()
    const log: string[] = []
    const [a, b] = [task(log, 'a'), task(log, 'b')]
    const first = lock.run('one', a.run)
    b.finish()
    expect(await lock.run('two', b.run)).toBe('b')
    a.finish()
    expect(await first).toBe('a')
  })

  it('continues after a task that fails, and rejects only for the caller of that task', async () => {
    const lock = new KeyedLock()
    const failing = lock.run('key', async () => {
      throw new Error('no')
    })
    const next = lock.run('key', async () => 'done')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('done')
  })

  it('runs another task of a key that is idle', async () => {
    const lock = new KeyedLock()
    await lock.run('key', async () => {})
    expect(await lock.run('key', async () => 'again')).toBe('again')
  })
})
