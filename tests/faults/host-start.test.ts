import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

describe('the start of another app', () => {
  let server: FixtureServer

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'))
  })

  afterAll(() => server?.dispose())

  it('says in one line where the sessions are, and that the store is new, until it is started again', async () => {
    const isNew = ', which is new and has no sessions yet'
    const lineOf = (created: string) => `[cloakroom] Sessions are in sqlite:${server.storeFile}${created}. `
      + `Origins: ${FIXTURE_ORIGIN}. Proxies: 127.0.0.1.`
    expect(await server.linesWith('Sessions are in')).toEqual([expect.stringContaining(lineOf(isNew))])
    await server.restart()
    await server.linesWith(lineOf(''))
    expect(await server.linesWith('Sessions are in')).toHaveLength(2)
  })

  it('leaves a storage with the name sessions to the app', async () => {
    const visitor = new FixtureVisitor(server)
    await visitor.post('/api/sign-in')
    expect((await visitor.get('/api/storages')).json()).toEqual({ ofTheApp: ['sessions:note'], ofTheModule: 1 })
  })
})
