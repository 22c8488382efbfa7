import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuardedStore } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/guarded-store'
import type { AtomicDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { assertUserId } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/user-ids'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { createTestEngine } from '../../support/engine'
import { probe } from '../../support/probe-driver'
import { close, storeKinds } from '../../support/stores'

const ILL_FORMED: [string, string][] = [
  ['a lone surrogate', '\uD800'],
  ['another one', '\uDFFF'],
  ['one in the middle', 'ada\uD83Dlovelace'],
  ['two in the wrong order', '\uDE00\uD83D'],
]

describe('assertUserId', () => {
  it.each(['a', '0', '😀', '\0', '%', 'é', 'x'.repeat(1024)])('accepts %j', (userId) => {
    expect(() => assertUserId(userId)).not.toThrow()
  })

  it.each(['', null, undefined, 7, Number.NaN, {}, ['ada']])('refuses what is not a text: %j', (userId) => {
    const error = new TypeError('[cloakroom] A user id has to be a text that is not empty.')
    expect(() => assertUserId(userId)).toThrow(error)
  })

  const refused = [...ILL_FORMED, ['a very long one', 'x'.repeat(1025)] as const]

  it.each(refused)('refuses %s with 400 and does not quote it', (_, userId) => {
    const error = { name: 'InvalidUserIdError', statusCode: 400, unhandled: false, fatal: false }
    expect(() => assertUserId(userId)).toThrow(expect.objectContaining(error) as Error)
    const message = /^\[cloakroom\] A user id (?:is not well-formed Unicode|has over 1024 characters)\.$/
    expect(() => assertUserId(userId)).toThrow(message)
  })
})

describe.each(storeKinds.filter(({ skip }) => !skip))('a user id that is not well-formed, on $name', ({ prepare }) => {
  let room: Awaited<ReturnType<typeof prepare>>
  let driver: AtomicDriver

  beforeAll(async () => {
    room = await prepare()
    driver = room.open()
  })

  afterAll(async () => {
    await close(driver)
    await room.dispose()
  })

  it('is refused as the caller’s error, however often, and the store stays in use for others', async () => {
    const { engine, browser, events } = createTestEngine({ driver, time: { now: Date.now(), advance() {} } })
    for (const [, userId] of [...ILL_FORMED, ...ILL_FORMED]) {
      const { session } = await browser().visit()
      await expect(session.signIn(userId)).rejects.toMatchObject({ statusCode: 400 })
      await expect(engine.sessionsOf(userId)).rejects.toMatchObject({ statusCode: 400 })
      await expect(engine.store.removeByUser(userId, 1)).rejects.toMatchObject({ statusCode: 400 })
    }
    expect(events).toEqual([])
    const ada = browser()
    await (await ada.visit()).session.signIn('ada')
    expect((await ada.visit()).session.userId).toBe('ada')
  })
})

describe('GuardedStore', () => {
  it('does not call the driver with such an id', async () => {
    const store = probe(memoryDriver())
    const guarded = new GuardedStore(store.driver, Date.now, { emit: () => {} })
    await expect(guarded.listByUser('')).rejects.toBeInstanceOf(TypeError)
    await expect(guarded.removeByUser('\uD800', 1)).rejects.toBeInstanceOf(TypeError)
    expect(store.calls).toEqual([])
  })
})
