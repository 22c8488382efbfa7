import { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { StoreNews } from '../../../../layers/session/server/engine/store'
import { A, GUARD, NOW, owned } from '../../../support/contract/samples'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'
import { eventually } from '../../../support/eventually'

const program = findRedis()
const CHANNEL = 'cloakroom:0:news'
/** Milliseconds between two looks of a driver that does not hear. */
const TICK = 5000

describe.skipIf(!program)('the news on Redis', () => {
  const bench = useRedis(program)
  const heard: StoreNews[] = []

  const subscribers = async () => (await bench().admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub') as string).split('\n').filter(Boolean).length
  const listen = () => bench().driver.listen!(news => void heard.push(news))

  /** Until it hears, all may have changed, and it says so. */
  async function listening() {
    heard.length = 0
    const stop = listen()
    await eventually(() => expect(heard).toEqual(['anything']))
    return stop
  }

  afterEach(() => void vi.useRealTimers())

  it('need no connection until somebody listens, then one, and none after that', async () => {
    const { driver } = bench()
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    expect(await subscribers()).toBe(0)
    const stop = await listening()
    const stopToo = listen()
    expect(await subscribers()).toBe(1)
    stop()
    stopToo()
    await eventually(async () => expect(await subscribers()).toBe(0))
  })

  it('are no news to who wrote them, but for the session itself', async () => {
    const { driver } = bench()
    await listening()
    heard.length = 0
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    await driver.remove(A, NOW, 'signed_out')
    await eventually(() => expect(heard).toEqual([{ session: A }]))
  })

  it('name store keys and hashes: no id of a user, no value, nothing that opens a session', async () => {
    const { driver, server } = bench()
    const spy = new Redis(server.port)
    const messages: string[] = []
    spy.on('message', (_channel, message) => void messages.push(message))
    await spy.subscribe(CHANNEL)
    await listening()
    await driver.enrol(A, 'the value', owned('ada@example.org'), GUARD)
    await driver.removeByOwner('ada@example.org', NOW)
    await driver.removeItem!(A, {})
    await eventually(() => expect(messages.at(-1)).toBe('anything'))
    spy.disconnect()
    expect(messages.map(message => message.replace(/(?<=^owner )\S{8} \S{16}$/, '…'))).toEqual(['hello', 'owner …', `session cloakroom:session:${A}`, 'owner …', 'anything'])
  })

  it('are asked for anew after the connection was lost, and heard again', async () => {
    const { open, admin } = bench()
    await listening()
    await admin.client('KILL', 'TYPE', 'pubsub')
    await eventually(() => expect(heard).toEqual(['anything', 'anything']))
    const other = open()
    await other.enrol(A, 'value', owned('ada'), GUARD)
    await other.remove(A, NOW, 'revoked')
    await eventually(() => expect(heard).toContainEqual({ session: A }))
    await other.dispose?.()
  })

  it('are no reason to fail for a user who has no right to them: one warning, and a look every few seconds', async () => {
    const { admin, server, open, warnings } = bench()
    await admin.call('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', 'resetchannels', '+@all')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const deaf = open(`redis://deaf:secret@127.0.0.1:${server.port}`)
    heard.length = 0
    const stop = deaf.listen!(news => void heard.push(news))
    await eventually(() => expect(warnings).toEqual([expect.stringContaining('does not let this user publish and subscribe on the channel cloakroom:0:news')]))
    expect((await deaf.enrol(A, 'value', owned('ada'), GUARD)).outcome).toBe('written')
    expect(await deaf.remove(A, NOW, 'revoked')).toBe(true)
    expect(await deaf.read(A)).toBeNull()
    expect(heard).toEqual([])
    vi.advanceTimersByTime(2 * TICK)
    expect(heard).toEqual(['anything', 'anything'])
    stop()
    await deaf.dispose?.()
    expect(warnings).toHaveLength(1)
  })

  it('may be published but not heard: that is one warning as well', async () => {
    const { admin, server, open, warnings } = bench()
    await admin.call('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '&cloakroom:*', '+@all', '-publish')
    const mute = open(`redis://mute:secret@127.0.0.1:${server.port}`)
    mute.listen!(() => {})
    await eventually(() => expect(warnings).toHaveLength(1))
    expect((await mute.enrol(A, 'value', owned('ada'), GUARD)).outcome).toBe('written')
    expect(await mute.remove(A, NOW, 'revoked')).toBe(true)
    await mute.dispose?.()
  })

  it('may have been lost, so now and then all is asked for even so', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await listening()
    vi.advanceTimersByTime(11 * TICK)
    expect(heard).toEqual(['anything'])
    vi.advanceTimersByTime(TICK)
    expect(heard).toEqual(['anything', 'anything'])
  })
})
