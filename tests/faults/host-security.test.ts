import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

describe('an app with nuxt-security', () => {
  let app: string
  let server: FixtureServer

  beforeAll(async () => {
    app = await buildPackedApp('npm', 'locales')
    server = await startFixture(app, { NUXT_CLOAKROOM_AUDIT: 'stdout' })
  })

  afterAll(() => server?.dispose())

  it('signs in with a JSON body, which nuxt-security has read before', async () => {
    const visitor = new FixtureVisitor(server)
    expect((await visitor.post('/api/sign-in', { name: 'ada' })).json()).toEqual({ userId: 'ada' })
    expect((await visitor.get('/api/_session')).json()).toMatchObject({ status: 'signed-in' })
  })

  it('still has an audit trail, although calls of the console are removed from its build', async () => {
    expect(await server.linesWith('"event":"signed_in"')).toHaveLength(1)
  })

  it('still says why it does not start', async () => {
    const error = await startFixture(app, { NUXT_CLOAKROOM_STORE: 'bogus:' }).catch((error: Error) => error)
    expect((error as Error).message).toMatch(/exited with 1:\n\[cloakroom\] NUXT_CLOAKROOM_STORE /)
  })
})
