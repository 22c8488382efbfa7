import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openFolder } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/fs'
import { openSqlite } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite'
import { openStore } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store'
import { spawnTypeScript } from '../../support/child'
import { makeDirectory } from '../../support/directory'

const warningFor = (store: string) => `[cloakroom] This is one of several processes, but the store (${store}) is `
  + 'atomic only within one: updates may be lost between them. Use sqlite:FILE or redis://HOST.'
const directory = makeDirectory()

afterEach(directory.remove)

async function warningsOf(url: string): Promise<string[]> {
  const warnings: string[] = []
  const { driver } = openStore(url, {
    openers: { sqlite: openSqlite, fs: openFolder },
    mounted: () => undefined,
    warn: message => warnings.push(message),
  })
  await driver.dispose?.()
  return warnings
}

describe('a store that is atomic within one process', () => {
  it('warns in a worker of node:cluster', async () => {
    let output = ''
    const { stdout } = spawnTypeScript(join(import.meta.dirname, 'fork-worker.ts'))
    for await (const chunk of stdout) output += String(chunk)
    expect(output.trim()).toBe(warningFor('session-memory'))
  })

  it('warns in every instance of PM2 except the first, which may be the only one', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', '1')
    expect(await warningsOf('memory:')).toEqual([warningFor('session-memory')])
    expect(await warningsOf(`fs:${directory.path('sessions')}`)).toEqual([warningFor('session-locked-fs')])
    vi.stubEnv('NODE_APP_INSTANCE', '0')
    expect(await warningsOf('memory:')).toEqual([])
  })

  it('does not warn in a single process', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', undefined)
    expect(await warningsOf('memory:')).toEqual([])
  })
})

describe('a store that several processes may share', () => {
  it('does not warn', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', '1')
    expect(await warningsOf(`sqlite:${directory.path('sessions.db')}`)).toEqual([])
  })
})
