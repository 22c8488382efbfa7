import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const PASSWORD = 'the hash of a password that no log may have'

interface View {
  readonly session: { readonly userId: string | null } | null
  readonly data: { readonly user?: unknown } | null
}

describe('a user straight from a database', () => {
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'))
  })

  afterAll(() => server?.dispose())

  beforeEach(() => {
    visitor = new FixtureVisitor(server)
  })

  const set = (kind: string, who = visitor) =>
    who.visit(`/api/user/${kind}`, { method: 'PUT', json: { password: PASSWORD } })
  const view = async () => (await visitor.get('/api/_session')).json<View>()

  it('is stored as JSON would have it, and the browser has a BigInt as text', async () => {
    expect((await set('entity')).status).toBe(200)
    const { session, data } = await view()
    expect(session?.userId).toBe('507f1f77bcf86cd799439011')
    expect(data?.user).toEqual({
      _id: '507f1f77bcf86cd799439011',
      visits: '10',
      passwordHash: PASSWORD,
      createdAt: '1970-01-01T00:00:00.005Z',
    })
  })

  it('is the same one on each device', async () => {
    for (const who of [visitor, new FixtureVisitor(server)]) await set('account', who)
    expect((await view()).session?.userId).toBe('17')
    expect((await visitor.get('/api/_session/devices')).json()).toHaveLength(2)
  })

  it.each([
    ['function', 'a function, at data.user.save'],
    ['promise', 'a promise, which may have to be awaited, at data.user.name'],
  ])('with a %s is an error that names the path, and the log has no value', async (kind, problem) => {
    expect((await set(kind)).status).toBe(500)
    await server.linesWith(`The session cannot store ${problem}`)
    expect(server.logs.join('\n')).not.toContain(PASSWORD)
    expect((await view()).session).toBeNull()
  })

  it('may be a text, which never sees the data of the user before either', async () => {
    await set('alice')
    expect((await set('text')).json()).toEqual({ secure: null })
    expect(await view()).toMatchObject({ session: { userId: 'bob' }, data: { user: 'bob' } })
  })

  it('may not be a list, and null changes nothing', async () => {
    await set('alice')
    expect([(await set('list')).status, (await set('nobody')).status]).toEqual([500, 200])
    expect(await view()).toMatchObject({ session: { userId: 'github:alice' }, data: { user: { github: 'alice' } } })
  })

  it('never sees the data of the user before, and keeps its own with a further account', async () => {
    expect((await set('alice')).json()).toEqual({ secure: { password: PASSWORD } })
    expect((await set('bob')).json()).toEqual({ secure: null })
    expect((await view()).data?.user).toEqual({ github: 'bob' })
    await set('linked')
    expect(await view()).toMatchObject({
      session: { userId: 'github:bob' }, data: { user: { github: 'bob', google: 'bob@example.com' } },
    })
  })
})
