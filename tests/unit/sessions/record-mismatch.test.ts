import { describe, expect, it, vi } from 'vitest'
import { sessionIdOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { createTestEngine } from '../../support/engine'

/** Two users, and a store that returns ada's record when it is asked for bob's. */
async function confused(config: Record<string, string> = {}) {
  const { driver, events, engine, browser } = createTestEngine({ config })
  const [ada, bob] = [browser(), browser()]
  await (await ada.visit()).session.signIn('ada', { data: { a: 1 } })
  await (await bob.visit()).session.signIn('bob')
  const [adas] = await driver.listByUser('ada')
  const [bobs] = await driver.listByUser('bob')
  events.length = 0
  const read = vi.spyOn(driver, 'read').mockReturnValue(adas!)
  return { driver, engine, events, ada, bob, adas: adas!, bobs: bobs!, repair: () => read.mockRestore() }
}

describe('a store that returns the record of another session', () => {
  it.each(['refuse', 'revoke'])('opens none, ends none and is reported, with %s', async (onSecretReuse) => {
    const { events, ada, bob, bobs, repair } = await confused({ onSecretReuse })
    const { session, request } = await bob.browse()
    expect(session).toMatchObject({ exists: false, userId: null, data: {} })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events).toEqual([{ type: 'record_mismatch', id: sessionIdOf(bobs.key) }])
    repair()
    expect([await ada.get(), await bob.get()]).toEqual([{ a: 1 }, {}])
  })

  it('writes nothing to either session in a request that began before', async () => {
    const { driver, ada, bob, repair } = await confused()
    repair()
    const { session } = await bob.visit()
    await (await bob.copy().visit()).session.update({ b: 1 }) // The next write of `session` has to read again.
    const [adas] = await driver.listByUser('ada')
    const read = vi.spyOn(driver, 'read').mockReturnValue(adas!)
    expect(await session.update({ b: 2 })).toBe(false)
    read.mockRestore()
    expect([await ada.get(), await bob.get()]).toEqual([{ a: 1 }, { b: 1 }])
  })

  it('does not mix them up in the list of a user’s sessions', async () => {
    const { driver, engine, adas } = await confused()
    vi.spyOn(driver, 'listByUser').mockReturnValue([{ ...adas, key: '0'.repeat(32) }])
    expect(await engine.sessionsOf('ada')).toEqual([])
  })
})
