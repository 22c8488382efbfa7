import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, createRouter, eventHandler, toNodeListener } from 'h3'
import { createHooks } from 'hookable'
import { createStorage } from 'unstorage'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { install } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/install'
import { useServerSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/request-session'
import type { Cloakroom } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/runtime'
import { openSqlite } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite'

const ROOT = join(import.meta.dirname, '../../..')
const SERVER = 'packages/nuxt-cloakroom/src/runtime/server/'
const MAX_FILES = 13
const captureError = (error: unknown) => {
  throw error
}
const folder = mkdtempSync(join(tmpdir(), 'cloakroom-path-'))

vi.mock('nitropack/runtime', () => {
  const storage = createStorage()
  return {
    defineNitroPlugin: <Plugin>(plugin: Plugin) => plugin,
    getRouteRules: () => ({}),
    useRuntimeConfig: () => ({
      nitro: {},
      cloakroom: {
        store: `sqlite:${join(folder, 'sessions.db')}`, audit: 'off', origin: 'https://app.example.com',
      },
    }),
    useStorage: () => storage,
  }
})

vi.mock('nitropack/runtime/internal/route-rules', () => ({ getRouteRulesForPath: () => ({}) }))

/** The files of the module's server whose functions run while `work` does. */
async function filesUsedBy(work: () => Promise<unknown>): Promise<string[]> {
  const inspector = new Session()
  inspector.connect()
  await inspector.post('Profiler.enable')
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await inspector.post('Profiler.takePreciseCoverage') // Resets the counters.
  await work()
  const { result } = await inspector.post('Profiler.takePreciseCoverage')
  inspector.disconnect()
  // The first function of a file is the module itself, which has run already.
  const used = result.filter(({ url, functions }) =>
    url.includes(SERVER) && functions.slice(1).some(({ ranges }) => ranges[0]!.count > 0))
  return used.map(({ url }) => url.split(SERVER)[1]!.split('?')[0]!).sort()
}

describe('a GET request that reads a session', () => {
  let cloakroom: Cloakroom
  let origin: string
  let cookie: string
  const server = createServer()

  beforeAll(async () => {
    const h3App = createApp()
    const router = createRouter()
    const app = { h3App, router, hooks: createHooks(), captureError }
    cloakroom = install(app as never, { storeOpeners: { sqlite: openSqlite }, hasCustomEntry: true })
    router.get('/count', eventHandler(async event => (await useServerSession(event)).data))
    router.post('/count', eventHandler(async event => (await useServerSession(event)).update({ count: 1 } as never)))
    h3App.use(router)
    server.on('request', toNodeListener(h3App)).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const created = await fetch(`${origin}/count`, { method: 'POST' })
    cookie = created.headers.getSetCookie()[0]!.split(';')[0]!
  })

  afterAll(async () => {
    server.close()
    await cloakroom.close()
    rmSync(folder, { recursive: true })
  })

  // Every 250 ms a read checks the database's files as well (stores/sqlite/files.ts); here that time stands still.
  it(`runs functions of at most ${MAX_FILES} files, which docs/architecture.md lists`, async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0)
    const read = async () => (await fetch(`${origin}/count`, { headers: { cookie } })).json()
    const used = await filesUsedBy(async () => expect(await read()).toEqual({ count: 1 }))
    const [, section] = /\n## The path of a request\n([^]*?)\n## /.exec(
      readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'),
    )!
    const listed = [...section!.matchAll(/^\d+\. \[`([^`]+)`\]/gm)].map(([, file]) => file!)
    expect(listed.sort()).toEqual(used)
    expect(used.length).toBeLessThanOrEqual(MAX_FILES)
  })
})
