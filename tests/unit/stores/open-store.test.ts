import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openFolder } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/fs'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { openSqlite } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite'
import type { StoreOpeners } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store'
import { openStore as open } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store'
import { openRedis } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { A, meta } from '../../support/contract/samples'
import { makeDirectory } from '../../support/directory'

const ALL: StoreOpeners = { sqlite: openSqlite, redis: openRedis, rediss: openRedis, fs: openFolder }
const directory = makeDirectory()
const warnings: string[] = []

function openStore(url: string, openers: StoreOpeners = ALL) {
  const mounted = (name: string) => name === 'cache' ? memoryDriver() : undefined
  return open(url, { openers, mounted, warn: message => warnings.push(message) })
}

afterEach(() => {
  directory.remove()
  warnings.length = 0
})

describe('openStore', () => {
  it('opens memory:, with keys that are new at each start', async () => {
    const { driver, location, defaultKeys } = openStore('memory:')
    expect(location).toBe('the memory of this process, and end with it')
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
    const { driver, location, isNew, defaultKeys } = openStore(`sqlite:${directory.path(file)}`)
    await driver.dispose?.()
    expect([location, isNew]).toEqual([`sqlite:${directory.path(file)}`, true])
    expect(driver).toMatchObject({ name: 'session-sqlite', atomicity: 'cross-process' })
    expect(defaultKeys).toEqual({ file: directory.path(keys) })
    expect(existsSync(directory.path(file))).toBe(true)
  })

  it('knows whether a SQLite file or a folder was used before, and its absolute path', async () => {
    const folder = relative(process.cwd(), directory.path('sessions'))
    for (const url of [`sqlite:${folder}.db`, `fs:${folder}`]) {
      const first = openStore(url)
      await first.driver.create(A, 'value', meta())
      await first.driver.dispose?.()
      const second = openStore(url)
      await second.driver.dispose?.()
      expect([first.isNew, second.isNew]).toEqual([true, false])
      expect(second.location).toBe(url.replace(folder, directory.path('sessions')))
    }
  })

  it('takes an empty folder for new: a volume that was just mounted has nothing in it', async () => {
    mkdirSync(directory.path('volume'), { recursive: true })
    const { driver, isNew } = openStore(`fs:${directory.path('volume')}`)
    await driver.dispose?.()
    expect(isNew).toBe(true)
  })

  it('moves a damaged SQLite file aside only for ?corrupt=reset, with a warning', async () => {
    const file = directory.path('sessions.db')
    writeFileSync(file, 'dear diary')
    expect(() => openStore(`sqlite:${file}`)).toThrow('is not a SQLite database')
    expect(() => openStore(`sqlite:${file}?corrupt=refuse`)).toThrow('is not a SQLite database')
    const { driver, defaultKeys } = openStore(`sqlite:${file}?corrupt=reset`)
    await driver.dispose?.()
    expect(defaultKeys).toEqual({ file: directory.path('sessions.keys') })
    const warning = /was damaged, so all sessions have ended\. It was moved to .*sessions\.db\.corrupt-/
    expect(warnings).toEqual([expect.stringMatching(warning)])
  })

  it.each([
    '', 'memory', 'memory:x', 'sqlite:', 'sqlite:x.db?corrupt=maybe', 'sqlite:x.db?mode=ro', 'sqlite:?corrupt=reset',
    'SQLITE:x.db', 'fs:', 'constructor:x', 'postgres://db', '.data/sessions.db', 'C:\\data\\sessions.db',
  ])('refuses %j and lists the valid values', (url) => {
    const error = /^\[cloakroom\] NUXT_CLOAKROOM_STORE is ".*", which is not a store\. .*sqlite:FILE/
    expect(() => openStore(url)).toThrow(error)
  })

  it('hides the password of a URL that it refuses', () => {
    expect(() => openStore('mongodb://ada:hunter2@db.example/x')).toThrow(/mongodb:\/\/\*\*\*"/)
  })

  it.each([
    'mongodb://ada:hun/ter2@db.example', 'mongodb://ada:x@hunter2@db.example',
  ])('hides all of an unescaped password: %s', (url) => {
    expect(() => openStore(url)).toThrow(/mongodb:\/\/\*\*\*"/)
  })

  it('hides a password in the query of a URL that it refuses', () => {
    expect(() => openStore('mongodb://db.example/x?password=hunter2')).not.toThrow('hunter2')
  })

  it('opens fs:FOLDER, with its keys beside the folder', async () => {
    const { driver, defaultKeys } = openStore(`fs:${directory.path('sessions')}/`)
    await driver.dispose?.()
    expect(driver.atomicity).toBe('process')
    expect(defaultKeys).toEqual({ file: directory.path('sessions.keys') })
  })

  it.each([
    ['redis://127.0.0.1:1', 'redis://127.0.0.1:1/0 under cloakroom:'],
    ['rediss://ada:hunter2@127.0.0.1:1/3?prefix=shop', 'rediss://127.0.0.1:1/3 under shop:'],
    ['redis://127.0.0.1:1?sentinel=main&sentinelPassword=hunter2', 'redis://127.0.0.1:1/0 under cloakroom:'],
  ])('opens %s, names it without a password and requires keys', async (url, expected) => {
    const { driver, location, defaultKeys } = openStore(url)
    await driver.dispose?.()
    expect(location).toBe(expected)
    expect(driver).toMatchObject({ name: 'session-redis', atomicity: 'cross-process' })
    expect(defaultKeys).toBe('required')
  })

  it('opens mount:NAME and requires keys, because several servers may share the storage', () => {
    expect(openStore('mount:cache')).toMatchObject({ driver: { atomicity: 'process' }, defaultKeys: 'required' })
    const error = /NUXT_CLOAKROOM_STORE is "mount:none", but no storage is mounted there\. /
    expect(() => openStore('mount:none')).toThrow(error)
  })

  it.each([
    ['sqlite:x.db', 'sqlite'],
    ['redis://ada:hunter2@cache.example', 'redis'],
    ['rediss://ada:hunter2@cache.example', 'redis'],
    ['fs:sessions', 'fs'],
  ])('refuses %s in a build without that store, and says how to include it', (url, store) => {
    const scheme = url.split(':')[0]
    expect(() => openStore(url, {})).toThrow(`[cloakroom] NUXT_CLOAKROOM_STORE is a ${scheme}: store, which this build `
      + `does not contain. Add '${store}' to cloakroom.stores in nuxt.config.ts, and build again.`)
  })
})
