import { describe, expect, it } from 'vitest'
import { KeyedLock } from '../../../layers/session/server/engine/keyed-lock'
import { settled } from '../../support/engine'

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
  it('runs tasks of one key one after another, in order', async () => {
    const lock = new KeyedLock()
    const log: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map(name => task(log, name)) as [ReturnType<typeof task>, ReturnType<typeof task>, ReturnType<typeof task>]
    const all = Promise.all([a, b, c].map(({ run }) => lock.run('key', run)))
    c.finish()
    b.finish()
    await settled()
    expect(log).toEqual(['a begins'])
    a.finish()
    expect(await all).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('runs tasks of different keys side by side', async () => {
    const lock = new KeyedLock()
    const log: string[] = []
    const [a, b] = [task(log, 'a'), task(log, 'b')]
    const first = lock.run('one', a.run)
    b.finish()
    expect(await lock.run('two', b.run)).toBe('b')
    a.finish()
    expect(await first).toBe('a')
  })

  it('goes on after a task that fails, and tells its caller alone', async () => {
    const lock = new KeyedLock()
    const failing = lock.run('key', async () => {
      throw new Error('no')
    })
    const next = lock.run('key', async () => 'fine')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('fine')
  })

  it('lets a key be taken again once it is idle', async () => {
    const lock = new KeyedLock()
    await lock.run('key', async () => {})
    expect(await lock.run('key', async () => 'again')).toBe('again')
  })
})
