import { describe, expect, it } from 'vitest'
import { createTestEngine } from '../../support/engine'

/** Names of the record's own fields, and others that an app might take for proof of who the visitor is. */
const CLAIMS = {
  userId: 'ada', user: { id: 'ada' }, authenticatedAt: Date.UTC(2026, 0, 1),
  expiresAt: 8.64e15, idleTimeout: 8.64e15, createdAt: 0, persistent: true, label: 'another browser',
  secretHash: 'x', previous: null, secretGeneration: 99, version: 99, schema: 99,
}

describe('data that one part of an app writes (session puzzling)', () => {
  it('cannot sign a visitor in or change the session itself, whatever its names', async () => {
    const { browser } = createTestEngine()
    const visitor = browser()
    const { session } = await visitor.visit()
    await session.update({ honest: true })
    const { id, createdAt, expiresAt, idleExpiresAt } = session
    await session.update(CLAIMS)
    const { session: later } = await visitor.visit()
    expect(later).toMatchObject({
      exists: true, id, userId: null, authenticatedAt: null, createdAt, expiresAt, idleExpiresAt, persistent: false,
    })
    expect(later.data).toEqual({ honest: true, ...CLAIMS })
  })

  it('is not in the user\'s session after a sign-in if it was written before', async () => {
    const { browser } = createTestEngine()
    const visitor = browser()
    await (await visitor.visit()).session.update({ ...CLAIMS, passwordResetFor: 'grace' })
    await (await visitor.visit()).session.signIn('ada')
    const { session } = await visitor.visit()
    expect(session).toMatchObject({ userId: 'ada', data: {}, persistent: false })
  })

  it('is not in the session of the next user who signs in with the same browser', async () => {
    const { browser } = createTestEngine()
    const visitor = browser()
    await (await visitor.visit()).session.signIn('grace', { data: { role: 'admin' } })
    await (await visitor.visit()).session.signIn('ada')
    expect(await visitor.get()).toEqual({})
  })
})
