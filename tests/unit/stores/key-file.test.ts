import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { readOrCreateKeyFile } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/key-file'
import { spawnTypeScript } from '../../support/child'
import { lineProcess } from '../../support/child-process-lines'
import { makeDirectory } from '../../support/directory'

const PROGRAM = join(import.meta.dirname, 'make-keys.ts')
const directory = makeDirectory()

afterEach(directory.remove)

describe('readOrCreateKeyFile', () => {
  it('creates a key at first use, with file and folder accessible to this user only', () => {
    const path = directory.path('data', 'sessions.keys')
    const keys = readOrCreateKeyFile(path)
    expect(() => parseKeyRing(keys)).not.toThrow()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(directory.path('data')).mode & 0o777).toBe(0o700)
  })

  it('returns the same keys at each later call, and leaves no other file', () => {
    const path = directory.path('sessions.keys')
    const keys = readOrCreateKeyFile(path)
    expect(readOrCreateKeyFile(path)).toBe(keys)
    expect(readFileSync(path, 'utf8')).toBe(keys)
    expect(readdirSync(directory.path())).toEqual(['sessions.keys'])
  })

  it('reads an existing file with several keys', () => {
    const path = directory.path('sessions.keys')
    const keys = `${generateKey()},${generateKey()}\n`
    writeFileSync(path, keys, { mode: 0o600 })
    expect(readOrCreateKeyFile(path)).toBe(keys)
  })

  it('makes an existing file inaccessible to group and others', () => {
    const path = directory.path('sessions.keys')
    writeFileSync(path, generateKey())
    chmodSync(path, 0o644)
    readOrCreateKeyFile(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('returns the same keys to all processes that start together', async () => {
    const path = directory.path('sessions.keys')
    const processes = Array.from({ length: 4 }, () => lineProcess(spawnTypeScript(PROGRAM, path)))
    await Promise.all(processes.map(({ request }) => request('ready')))
    const keys = await Promise.all(processes.map(({ request }) => request('keys'))) as string[]
    await Promise.all(processes.map(({ end }) => end()))
    expect(new Set(keys).size).toBe(1)
    expect(() => parseKeyRing(keys[0]!)).not.toThrow()
    expect(readdirSync(directory.path())).toEqual(['sessions.keys'])
  })

  it('throws if the path exists and cannot be read', () => {
    mkdirSync(directory.path('sessions.keys'))
    expect(() => readOrCreateKeyFile(directory.path('sessions.keys'))).toThrow()
  })

  it('ignores a temporary file that a killed process with the same process id has left', () => {
    const path = directory.path('sessions.keys')
    writeFileSync(`${path}.${process.pid}.tmp`, '')
    expect(() => parseKeyRing(readOrCreateKeyFile(path))).not.toThrow()
  })
})
