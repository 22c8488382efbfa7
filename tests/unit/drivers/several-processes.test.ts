import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../../layers/session/server/drivers/from-url'
import { spawnTypeScript } from '../../support/child'
import { makeDirectory } from '../../support/directory'

const WARNING = /^\[session\] This is one of several processes, but the store \(session-memory\) holds its promises only within one: .* Use sqlite:FILE or redis:\/\/HOST\.$/
const directory = makeDirectory()

afterEach(directory.remove)

async function warningsOf(url: string): Promise<string[]> {
  const warnings: string[] = []
  const { driver } = openStore(url, { mounted: () => undefined, warn: message => warnings.push(message) })
  await driver.dispose?.()
  return warnings
}

describe('a store that is atomic within one process', () => {
  it('warns a worker of node:cluster', async () => {
    let output = ''
    for await (const chunk of spawnTypeScript(join(import.meta.dirname, 'fork-worker.ts')).stdout) output += String(chunk)
    expect(output.trim()).toMatch(WARNING)
  })

  it('warns every instance of PM2 but the first, which may be the only one', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', '1')
    expect(await warningsOf('memory:')).toEqual([expect.stringMatching(WARNING)])
    expect(await warningsOf(`fs:${directory.path('sessions')}`)).toEqual([expect.stringContaining('the store (session-locked-fs)')])
    vi.stubEnv('NODE_APP_INSTANCE', '0')
    expect(await warningsOf('memory:')).toEqual([])
  })

  it('warns nobody who is alone', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', undefined)
    expect(await warningsOf('memory:')).toEqual([])
  })
})

describe('a store that several processes may share', () => {
  it('warns nobody', async () => {
    vi.stubEnv('NODE_APP_INSTANCE', '1')
    expect(await warningsOf(`sqlite:${directory.path('sessions.db')}`)).toEqual([])
  })
})
