import { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AtomicDriver, StoreChange } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { A, LIMIT, NOW, userMeta } from '../../../support/contract/samples'
import { eventually } from '../../../support/eventually'
import { findRedis } from '../../../support/redis'
import { useRedis } from '../../../support/redis-driver'

const program = findRedis()
const CHANNEL = 'cloakroom:0:changes'
const HEARTBEAT_INTERVAL_MS = 5000

describe.skipIf(!program)('redisDriver.subscribe', () => {
  const fixture = useRedis(program)
  const reported: StoreChange[] = []
  const listenTo = (driver: AtomicDriver) => driver.subscribe!((change) => {
    reported.push(change)
  })

  async function countSubscribers() {
    const clients = await fixture().admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub') as string
    return clients.split('\n').filter(Boolean).length
  }

  /** Subscribes, and resolves when the connection is established, which is reported as `unknown`. */
  async function subscribe() {
    reported.length = 0
    const unsubscribe = listenTo(fixture().driver)
    await eventually(() => expect(reported).toEqual(['unknown']))
    return unsubscribe
  }

  afterEach(() => {
    vi.useRealTimers()
  })

  it('opens one connection for the first listener, and closes it after the last one', async () => {
    const { driver } = fixture()
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)
    expect(await countSubscribers()).toBe(0)
    const unsubscribeFirst = await subscribe()
    const unsubscribeSecond = listenTo(driver)
    expect(await countSubscribers()).toBe(1)
    unsubscribeFirst()
    unsubscribeSecond()
    await eventually(async () => expect(await countSubscribers()).toBe(0))
  })

  it('reports the driver\'s own writes only for the session that ended', async () => {
    const { driver } = fixture()
    await subscribe()
    reported.length = 0
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)
    await driver.remove(A, NOW, 'signed_out')
    await eventually(() => expect(reported).toEqual([{ sessionKey: A }]))
  })

  it('publishes store keys and hashes only: no user id, no value and no secret', async () => {
    const { driver, server } = fixture()
    const subscriber = new Redis(server.port)
    const messages: string[] = []
    subscriber.on('message', (_channel, message) => messages.push(message))
    await subscriber.subscribe(CHANNEL)
    await subscribe()
    await driver.assignUser(A, 'the value', userMeta('ada@example.org'), LIMIT)
    await driver.removeByUser('ada@example.org', NOW)
    await driver.removeItem!(A, {})
    await eventually(() => expect(messages.at(-1)).toBe('unknown'))
    subscriber.disconnect()
    const withoutHashes = messages.map(message => message.replace(/(?<=^user )\S{8} \S{16}$/, '…'))
    expect(withoutHashes).toEqual(['hello', 'user …', `session cloakroom:session:${A}`, 'user …', 'unknown'])
  })

  it('reports unknown after a lost connection, and changes again after that', async () => {
    const { open, admin } = fixture()
    await subscribe()
    await admin.client('KILL', 'TYPE', 'pubsub')
    await eventually(() => expect(reported).toEqual(['unknown', 'unknown']))
    const other = open()
    await other.assignUser(A, 'value', userMeta('ada'), LIMIT)
    await other.remove(A, NOW, 'revoked')
    await eventually(() => expect(reported).toContainEqual({ sessionKey: A }))
    await other.dispose?.()
  })

  it('warns once and reports unknown at each heartbeat, for a Redis user without the right to subscribe', async () => {
    const { admin, server, open, warnings } = fixture()
    await admin.call('ACL', 'SETUSER', 'no-channels', 'on', '>secret', '~*', 'resetchannels', '+@all')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const driver = open({ url: `redis://no-channels:secret@127.0.0.1:${server.port}` })
    reported.length = 0
    const unsubscribe = listenTo(driver)
    await eventually(() => expect(warnings).toHaveLength(1))
    expect(warnings).toEqual(['[cloakroom] [store:redis] does not allow this user to publish and subscribe on the '
      + `channel ${CHANNEL}, so this server notices what ends on another one within 5 seconds instead of one. `
      + 'The README of nuxt-cloakroom lists the rights.'])
    expect((await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)).outcome).toBe('written')
    expect(await driver.remove(A, NOW, 'revoked')).toBe(true)
    expect(await driver.read(A)).toBeNull()
    expect(reported).toEqual([])
    vi.advanceTimersByTime(2 * HEARTBEAT_INTERVAL_MS)
    expect(reported).toEqual(['unknown', 'unknown'])
    unsubscribe()
    await driver.dispose?.()
    expect(warnings).toHaveLength(1)
  })

  it('warns once for a Redis user without the right to publish, who can still write', async () => {
    const { admin, server, open, warnings } = fixture()
    const rights = ['on', '>secret', '~*', '&cloakroom:*', '+@all', '-publish']
    await admin.call('ACL', 'SETUSER', 'no-publish', ...rights)
    const driver = open({ url: `redis://no-publish:secret@127.0.0.1:${server.port}` })
    driver.subscribe!(() => {})
    await eventually(() => expect(warnings).toHaveLength(1))
    expect((await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)).outcome).toBe('written')
    expect(await driver.remove(A, NOW, 'revoked')).toBe(true)
    await driver.dispose?.()
  })

  it('reports unknown at every twelfth heartbeat, because a message may have been lost', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await subscribe()
    vi.advanceTimersByTime(11 * HEARTBEAT_INTERVAL_MS)
    expect(reported).toEqual(['unknown'])
    vi.advanceTimersByTime(HEARTBEAT_INTERVAL_MS)
    expect(reported).toEqual(['unknown', 'unknown'])
  })
})
