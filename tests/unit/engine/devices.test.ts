import { describe, expect, it } from 'vitest'
import { MINUTE, makeBench } from '../../support/engine'

async function threeDevices(config: Record<string, string> = {}) {
  const bench = makeBench({ config })
  const browsers = [bench.browser(), bench.browser(), bench.browser()] as const
  for (const browser of browsers) {
    bench.time.advance(1)
    await (await browser.visit()).session.signIn('ada')
  }
  await (await bench.browser().visit()).session.signIn('bob')
  bench.time.advance(1)
  const alive = () => Promise.all(browsers.map(async browser => (await browser.visit()).session.exists))
  return { ...bench, browsers, alive }
}

describe('devices', () => {
  it('lists the user\'s own sessions, newest first, and marks the one that asks', async () => {
    const { browsers } = await threeDevices()
    const list = await (await browsers[1].visit()).session.devices()
    const handles = await Promise.all(browsers.map(async browser => (await browser.visit()).session.handle))
    expect(list.map(({ handle }) => handle)).toEqual(handles.toReversed())
    expect(list.map(({ current }) => current)).toEqual([false, true, false])
    expect(Object.keys(list[0]!).toSorted()).toEqual(['authenticatedAt', 'createdAt', 'current', 'expiresAt', 'handle', 'idleExpiresAt', 'label', 'lastSeenAt', 'persistent'])
  })

  it('leaves out a record that is broken, and does not blank the list (E10)', async () => {
    const { browsers, driver } = await threeDevices()
    const [broken] = await driver.listByOwner('ada')
    await driver.setItem!(broken!.key, '{', {})
    await driver.replace(broken!.key, '{', { owner: 'ada', createdAt: 1, lastSeenAt: 1, idleTimeout: 1e12, expiresAt: 1e15 }, broken!.version)
    expect(await (await browsers[0].visit()).session.devices()).toHaveLength(2)
  })

  it('leaves out what has ended and is not swept yet', async () => {
    const { browsers, time } = await threeDevices()
    time.advance(20 * MINUTE)
    await browsers[0].browse()
    time.advance(15 * MINUTE)
    expect(await (await browsers[0].visit()).session.devices()).toHaveLength(1)
  })

  it('is refused while nobody is signed in', async () => {
    const { browser } = makeBench()
    const { session } = await browser().visit()
    for (const ask of [() => session.devices(), () => session.revoke('x'), () => session.revokeOthers(), () => session.revokeAll()]) {
      await expect(ask()).rejects.toMatchObject({ code: 'no_session', statusCode: 401 })
    }
  })
})

describe('revoke', () => {
  it('ends one session by its handle', async () => {
    const { browsers, alive, events } = await threeDevices()
    const { handle } = (await browsers[2].visit()).session
    const { session, request } = await browsers[0].visit()
    expect(await session.revoke(handle!)).toBe(true)
    expect(await session.revoke(handle!)).toBe(false)
    expect(request.cleared).toBe(0)
    expect(await alive()).toEqual([true, true, false])
    expect(events.at(-1)).toMatchObject({ type: 'refused' })
    expect(events).toContainEqual({ type: 'ended', handle, reason: 'revoked' })
  })

  it('cannot end another user\'s', async () => {
    const { browsers, browser } = await threeDevices()
    const eve = browser()
    await (await eve.visit()).session.signIn('eve')
    const { handle } = (await browsers[0].visit()).session
    expect(await (await eve.visit()).session.revoke(handle!)).toBe(false)
    expect((await browsers[0].visit()).session.exists).toBe(true)
  })

  it('of the own session clears the cookie', async () => {
    const { browsers } = await threeDevices()
    const { session, request } = await browsers[0].visit()
    expect(await session.revoke(session.handle!)).toBe(true)
    expect(session.exists).toBe(false)
    expect(request.cleared).toBe(1)
  })

  it('the others keeps this one', async () => {
    const { browsers, alive } = await threeDevices()
    expect(await (await browsers[1].visit()).session.revokeOthers()).toBe(2)
    expect(await alive()).toEqual([false, true, false])
  })

  it('all ends this one too, and nobody else\'s', async () => {
    const { browsers, alive, driver } = await threeDevices()
    const { session, request } = await browsers[1].visit()
    expect(await session.revokeAll()).toBe(3)
    expect(request.cleared).toBe(1)
    expect(await alive()).toEqual([false, false, false])
    expect(await driver.listByOwner('bob')).toHaveLength(1)
  })

  it('all defeats a sign-in that began before, and none that begins later', async () => {
    const { browsers, browser, time } = await threeDevices()
    const early = await browser().visit()
    time.advance(1)
    await (await browsers[0].visit()).session.revokeAll()
    await expect(early.session.signIn('ada')).rejects.toMatchObject({ code: 'conflict' })
    expect(early.request.sent).toEqual([])
    time.advance(1)
    const late = await browser().visit()
    await late.session.signIn('ada')
    expect(late.session.owner).toBe('ada')
  })

  it('stops a slow request of a revoked session from saving', async () => {
    const { browsers, rows } = await threeDevices()
    const slow = await browsers[2].visit()
    await (await browsers[0].visit()).session.revokeOthers()
    expect(await slow.session.update({ a: 1 })).toBe(false)
    expect(await rows()).toBe(2)
  })

  it.each(['revokeAll', 'revokeOthers'] as const)('may be followed by a sign-in in the same request (%s)', async (verb) => {
    const { browsers } = await threeDevices()
    const { session } = await browsers[0].visit()
    await session[verb]()
    await session.signIn('ada')
    expect(session.owner).toBe('ada')
  })
})

describe('onSecretReuse: revoke', () => {
  it('ends the session whose replaced secret is used after its grace (A12)', async () => {
    const { browsers, time, alive, events } = await threeDevices({ onSecretReuse: 'revoke' })
    const stolen = browsers[0].copy()
    time.advance(15 * MINUTE)
    await browsers[0].browse()
    time.advance(MINUTE)
    expect((await stolen.visit()).session.exists).toBe(false)
    expect(await alive()).toEqual([false, true, true])
    expect(events).toContainEqual(expect.objectContaining({ type: 'ended', reason: 'secret_reuse' }))
  })

  it('does not take a request for theft that was under way when its own browser signed in', async () => {
    const { browser } = await threeDevices({ onSecretReuse: 'revoke' })
    const own = browser()
    await (await own.visit()).session.update({ a: 1 })
    const underWay = own.copy()
    await (await own.visit()).session.signIn('ada')
    await underWay.visit()
    expect((await own.visit()).session.owner).toBe('ada')
  })
})
