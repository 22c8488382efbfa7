import { describe, expect, it } from 'vitest'
import { makeBench } from '../../support/engine'

/** What the layer itself keeps of a session, and what an app might take for a sign of who somebody is. */
const CLAIMS = {
  owner: 'ada', user: { id: 'ada' }, authenticatedAt: Date.UTC(2026, 0, 1), expiresAt: 8.64e15, idleTimeout: 8.64e15, persistent: true,
  secretHash: 'x', previous: null, era: 99, version: 99, schema: 99, createdAt: 0, label: 'another browser',
}

describe('session puzzling (X6): what one part of an app writes into a session', () => {
  it('makes nobody\'s session anybody\'s, whatever its name', async () => {
    const { browser } = makeBench()
    const visitor = browser()
    const { session } = await visitor.visit()
    await session.update({ honest: true })
    const { handle, createdAt, expiresAt, idleExpiresAt } = session
    await session.update(CLAIMS)
    const { session: later } = await visitor.visit()
    expect(later).toMatchObject({ exists: true, handle, owner: null, authenticatedAt: null, createdAt, expiresAt, idleExpiresAt, persistent: false })
    expect(later.data).toEqual({ honest: true, ...CLAIMS })
  })

  it('before sign-in is not there afterwards, where it would be believed', async () => {
    const { browser } = makeBench()
    const visitor = browser()
    await (await visitor.visit()).session.update({ ...CLAIMS, passwordResetFor: 'grace' })
    await (await visitor.visit()).session.signIn('ada')
    const { session } = await visitor.visit()
    expect(session).toMatchObject({ owner: 'ada', data: {}, persistent: false })
  })

  it('of one user is not there for the next', async () => {
    const { browser } = makeBench()
    const visitor = browser()
    await (await visitor.visit()).session.signIn('grace', { data: { role: 'admin' } })
    await (await visitor.visit()).session.signIn('ada')
    expect(await visitor.peek()).toEqual({})
  })
})
