import { describe, expect, it } from 'vitest'
import { MINUTE, createTestEngine } from '../../support/engine'

/** Three browsers of one user, signed in one after another, and one browser of another user. */
async function threeDevices(config: Record<string, string> = {}) {
  const server = createTestEngine({ config })
  const browsers = [server.browser(), server.browser(), server.browser()] as const
  for (const browser of browsers) {
    server.time.advance(1)
    await (await browser.visit()).session.signIn('ada')
  }
  await (await server.browser().visit()).session.signIn('bob')
  server.time.advance(1)
  const signedIn = () => Promise.all(browsers.map(async browser => (await browser.visit()).session.exists))
  return { ...server, browsers, signedIn }
}

describe('devices', () => {
  it('lists the user\'s own sessions, newest first, and marks the one of this request', async () => {
    const { browsers } = await threeDevices()
    const list = await (await browsers[1].visit()).session.devices()
    const ids = await Promise.all(browsers.map(async browser => (await browser.visit()).session.id))
    expect(list.map(({ id }) => id)).toEqual(ids.toReversed())
    expect(list.map(({ current }) => current)).toEqual([false, true, false])
    expect(Object.keys(list[0]!).toSorted()).toEqual([
      'authenticatedAt', 'createdAt', 'current', 'expiresAt', 'id', 'idleExpiresAt', 'label', 'lastSeenAt',
      'persistent',
    ])
  })

  it('leaves out a corrupt record and still lists the others', async () => {
    const { browsers, driver } = await threeDevices()
    const [corrupt] = await driver.listByUser('ada')
    const meta = { userId: 'ada', createdAt: 1, lastSeenAt: 1, idleTimeout: 1e12, expiresAt: 1e15 }
    await driver.setItem!(corrupt!.key, '{', {})
    await driver.replace(corrupt!.key, '{', meta, corrupt!.version)
    expect(await (await browsers[0].visit()).session.devices()).toHaveLength(2)
  })

  it('leaves out sessions that have expired and are not swept yet', async () => {
    const { browsers, time } = await threeDevices()
    time.advance(20 * MINUTE)
    await browsers[0].browse()
    time.advance(15 * MINUTE)
    expect(await (await browsers[0].visit()).session.devices()).toHaveLength(1)
  })

  it('fails with 401 without a signed-in user, like all methods that revoke sessions', async () => {
    const { browser } = createTestEngine()
    const { session } = await browser().visit()
    const calls = [
      () => session.devices(), () => session.revoke('x'), () => session.revokeOthers(), () => session.revokeAll(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'no_session', statusCode: 401 })
  })
})

describe('revoke', () => {
  it('ends one session by its id', async () => {
    const { browsers, signedIn, events } = await threeDevices()
    const { id } = (await browsers[2].visit()).session
    const { session, request } = await browsers[0].visit()
    expect(await session.revoke(id!)).toBe(true)
    expect(await session.revoke(id!)).toBe(false)
    expect(request.cleared).toBe(0)
    expect(await signedIn()).toEqual([true, true, false])
    expect(events.at(-1)).toMatchObject({ type: 'refused' })
    expect(events).toContainEqual({ type: 'ended', id, reason: 'revoked' })
  })

  it('cannot end a session of another user', async () => {
    const { browsers, browser } = await threeDevices()
    const eve = browser()
    await (await eve.visit()).session.signIn('eve')
    const { id } = (await browsers[0].visit()).session
    expect(await (await eve.visit()).session.revoke(id!)).toBe(false)
    expect((await browsers[0].visit()).session.exists).toBe(true)
  })

  it('clears the cookie if it ends the session of this request', async () => {
    const { browsers } = await threeDevices()
    const { session, request } = await browsers[0].visit()
    expect(await session.revoke(session.id!)).toBe(true)
    expect(session.exists).toBe(false)
    expect(request.cleared).toBe(1)
  })

  it('stops a slow request of the revoked session from saving', async () => {
    const { browsers, rows } = await threeDevices()
    const slow = await browsers[2].visit()
    await (await browsers[0].visit()).session.revokeOthers()
    expect(await slow.session.update({ a: 1 })).toBe(false)
    expect(await rows()).toBe(2)
  })
})

describe('revokeOthers', () => {
  it('ends all sessions of the user but this one', async () => {
    const { browsers, signedIn } = await threeDevices()
    expect(await (await browsers[1].visit()).session.revokeOthers()).toBe(2)
    expect(await signedIn()).toEqual([false, true, false])
  })
})

describe('revokeAll', () => {
  it('ends all sessions of the user, this one too, and none of another user', async () => {
    const { browsers, signedIn, driver } = await threeDevices()
    const { session, request } = await browsers[1].visit()
    expect(await session.revokeAll()).toBe(3)
    expect(request.cleared).toBe(1)
    expect(await signedIn()).toEqual([false, false, false])
    expect(await driver.listByUser('bob')).toHaveLength(1)
  })

  it('defeats a sign-in that began before it, and none that begins later', async () => {
    const { browsers, browser, time } = await threeDevices()
    const early = await browser().visit()
    time.advance(1)
    await (await browsers[0].visit()).session.revokeAll()
    await expect(early.session.signIn('ada')).rejects.toMatchObject({ code: 'conflict' })
    expect(early.request.sent).toEqual([])
    time.advance(1)
    const late = await browser().visit()
    await late.session.signIn('ada')
    expect(late.session.userId).toBe('ada')
  })
})

describe.each(['revokeAll', 'revokeOthers'] as const)('%s', (method) => {
  it('does not defeat a sign-in that follows in the same request', async () => {
    const { browsers } = await threeDevices()
    const { session } = await browsers[0].visit()
    await session[method]()
    await session.signIn('ada')
    expect(session.userId).toBe('ada')
  })
})

describe('the setting onSecretReuse: revoke', () => {
  it('ends a session if a replaced secret is used after its grace period', async () => {
    const { browsers, time, signedIn, events } = await threeDevices({ onSecretReuse: 'revoke' })
    const stolen = browsers[0].copy()
    time.advance(15 * MINUTE)
    await browsers[0].browse()
    await browsers[0].visit()
    time.advance(MINUTE)
    expect((await stolen.visit()).session.exists).toBe(false)
    expect(await signedIn()).toEqual([false, true, true])
    expect(events).toContainEqual(expect.objectContaining({ type: 'ended', reason: 'secret_reuse' }))
  })

  it('keeps the session if a request was under way while its own browser signed in', async () => {
    const { browser } = await threeDevices({ onSecretReuse: 'revoke' })
    const own = browser()
    await (await own.visit()).session.update({ a: 1 })
    const underWay = own.copy()
    await (await own.visit()).session.signIn('ada')
    await underWay.visit()
    expect((await own.visit()).session.userId).toBe('ada')
  })
})
