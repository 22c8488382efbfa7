import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readOrMakeKeyFile } from '../../../layers/session/server/drivers/key-file'
import { generateKey, parseKeyRing } from '../../../layers/session/server/engine/key-ring'
import { spawnTypeScript } from '../../support/child'
import { makeDirectory } from '../../support/directory'
import { lineProcess } from '../../support/line-process'

const PROGRAM = join(import.meta.dirname, 'make-keys.ts')
const directory = makeDirectory()

afterEach(directory.remove)

describe('readOrMakeKeyFile', () => {
  it('makes a key at first use, for this user only, in a folder for this user only', () => {
    const path = directory.path('data', 'sessions.keys')
    const keys = readOrMakeKeyFile(path)
    expect(() => parseKeyRing(keys)).not.toThrow()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(directory.path('data')).mode & 0o777).toBe(0o700)
  })

  it('gives the same keys ever after, and leaves no other file', () => {
    const path = directory.path('sessions.keys')
    const keys = readOrMakeKeyFile(path)
    expect(readOrMakeKeyFile(path)).toBe(keys)
    expect(readFileSync(path, 'utf8')).toBe(keys)
    expect(readdirSync(directory.path())).toEqual(['sessions.keys'])
  })

  it('reads keys that somebody else put there, several too', () => {
    const path = directory.path('sessions.keys')
    const keys = `${generateKey()},${generateKey()}\n`
    writeFileSync(path, keys, { mode: 0o600 })
    expect(readOrMakeKeyFile(path)).toBe(keys)
  })

  it('takes the file away from group and others', () => {
    const path = directory.path('sessions.keys')
    writeFileSync(path, generateKey())
    chmodSync(path, 0o644)
    readOrMakeKeyFile(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('gives all processes that start together the same keys', async () => {
    const path = directory.path('sessions.keys')
    const processes = Array.from({ length: 4 }, () => lineProcess(spawnTypeScript(PROGRAM, path)))
    await Promise.all(processes.map(({ ask }) => ask('ready')))
    const keys = await Promise.all(processes.map(({ ask }) => ask('keys'))) as string[]
    await Promise.all(processes.map(({ end }) => end()))
    expect(new Set(keys).size).toBe(1)
    expect(() => parseKeyRing(keys[0]!)).not.toThrow()
    expect(readdirSync(directory.path())).toEqual(['sessions.keys'])
  })

  it('does not take an unreadable path for a missing file', () => {
    mkdirSync(directory.path('sessions.keys'))
    expect(() => readOrMakeKeyFile(directory.path('sessions.keys'))).toThrow()
  })

  it('gets over what a killed process of the same id has left behind', () => {
    const path = directory.path('sessions.keys')
    writeFileSync(`${path}.${process.pid}.tmp`, '')
    expect(() => parseKeyRing(readOrMakeKeyFile(path))).not.toThrow()
  })
})
