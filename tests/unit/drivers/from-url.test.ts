import { existsSync, writeFileSync } from 'node:fs'
import { openStore as open } from '../../../layers/session/server/drivers/from-url'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()
const warnings: string[] = []
const openStore = (url: string) => open(url, { mounted: name => name === 'cache' ? memoryDriver() : undefined, warn: message => warnings.push(message) })

afterEach(() => {
  directory.remove()
  warnings.length = 0
})

describe('openStore', () => {
  it('opens memory:, with keys that last as long', async () => {
    const { driver, defaultKeys } = openStore('memory:')
    expect(driver).toMatchObject({ name: 'session-memory', atomicity: 'process' })
    expect(defaultKeys).toBe('ephemeral')
  })

  it.each([
    ['sessions.db', 'sessions.keys'],
    ['sessions.sqlite', 'sessions.keys'],
    ['sessions.sqlite3', 'sessions.keys'],
    ['sessions', 'sessions.keys'],
    ['my.db.store', 'my.db.store.keys'],
  ])('opens sqlite:%s, with its keys in %s', async (file, keys) => {
    const { driver, defaultKeys } = openStore(`sqlite:${directory.path(file)}`)
    await driver.dispose?.()
    expect(driver).toMatchObject({ name: 'session-sqlite', atomicity: 'cross-process' })
    expect(defaultKeys).toEqual({ file: directory.path(keys) })
    expect(existsSync(directory.path(file))).toBe(true)
  })

  it('moves a damaged SQLite file aside where the URL says so, and says so', async () => {
    const file = directory.path('sessions.db')
    writeFileSync(file, 'dear diary')
    expect(() => openStore(`sqlite:${file}`)).toThrow('is not a SQLite database')
    expect(() => openStore(`sqlite:${file}?corrupt=refuse`)).toThrow('is not a SQLite database')
    const { driver, defaultKeys } = openStore(`sqlite:${file}?corrupt=reset`)
    await driver.dispose?.()
    expect(defaultKeys).toEqual({ file: directory.path('sessions.keys') })
    expect(warnings).toEqual([expect.stringMatching(/was damaged, so all sessions have ended\. It was moved to .*sessions\.db\.corrupt-/)])
  })

  it.each(['', 'memory', 'memory:x', 'sqlite:', 'sqlite:x.db?corrupt=maybe', 'sqlite:x.db?mode=ro', 'sqlite:?corrupt=reset', 'SQLITE:x.db', 'fs:', 'constructor:x', 'postgres://db', '.data/sessions.db', 'C:\\data\\sessions.db'])('refuses %j and says what may stand there', (url) => {
    expect(() => openStore(url)).toThrow(/^\[session\] NUXT_SESSION_STORE is ".*", which names no store\. .*sqlite:FILE/)
  })

  it('shows no password of a URL that it refuses', () => {
    expect(() => openStore('mongodb://ada:hunter2@db.example/x')).toThrow(/mongodb:\/\/\*\*\*@db\.example\/x/)
  })

  it.each(['mongodb://ada:hun/ter2@db.example', 'mongodb://ada:x@hunter2@db.example'])('shows no part of an unescaped password: %s', (url) => {
    expect(() => openStore(url)).toThrow(/mongodb:\/\/\*\*\*@db\.example/)
  })

  it('opens fs:FOLDER, with its keys beside the folder', async () => {
    const { driver, defaultKeys } = openStore(`fs:${directory.path('sessions')}/`)
    await driver.dispose?.()
    expect(driver.atomicity).toBe('process')
    expect(defaultKeys).toEqual({ file: directory.path('sessions.keys') })
  })

  it('opens mount:NAME, and asks for keys, since the storage may be shared', () => {
    expect(openStore('mount:cache')).toMatchObject({ driver: { atomicity: 'process' }, defaultKeys: 'required' })
    expect(() => openStore('mount:none')).toThrow(/NUXT_SESSION_STORE is "mount:none", but no storage is mounted there\. /)
  })
})
