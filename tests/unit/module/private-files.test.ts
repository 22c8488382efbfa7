import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isFileLoadingAllowed, resolveConfig } from 'vite'
import type { UserConfig } from 'vite'
import { afterEach, expect, it, vi } from 'vitest'
import type { ModuleOptions } from '../../../packages/nuxt-cloakroom/src/options'
import { denyPrivateFiles } from '../../../packages/nuxt-cloakroom/src/private-files'
import { makeDirectory } from '../../support/directory.ts'

const directory = makeDirectory()

afterEach(directory.remove)

interface Setup {
  options?: ModuleOptions
  runtimeConfig?: ModuleOptions
  nitro?: object
  rootDir?: string
  config?: UserConfig
}

/** Returns which of the files Vite may serve in an app with this setup. */
async function servedOf(files: string[], setup: Setup): Promise<string[]> {
  const { options = {}, runtimeConfig = {}, nitro = {}, rootDir = '/srv/app', config = {} } = setup
  const hook = (_: string, extend: (config: UserConfig) => void) => extend(config)
  denyPrivateFiles(options, { hook, options: { rootDir, nitro, runtimeConfig: { cloakroom: runtimeConfig } } } as never)
  const resolved = await resolveConfig({ ...config, configFile: false, root: rootDir, logLevel: 'error' }, 'serve')
  return files.filter(file => isFileLoadingAllowed(resolved, join(rootDir, file)))
}

const SOURCES = [
  'app/app.vue', 'app/utils/db.ts', 'app/keys.ts', 'app/letter.keyboard.ts', 'app/sqlite.ts', 'data/letter.json',
]

it('denies databases and keys by their names, and no sources', async () => {
  const files = [
    '.data/x', 'a.db', 'a.db3', 'a.sqlite', 'a.SQLITE3', 'a.db-wal', 'a.db-shm', 'a.db-journal', 'a.db.', 'a.db. .',
    'a.keys', 'A.KEYS', 'a.keys.', 'a.keys.0e1f.tmp', 'a.db.corrupt-2026', 'a.corrupt-2026-wal', '.env', 'a.key',
  ]
  expect(await servedOf([...files, ...files.map(file => `in/a/folder/${file}`), ...SOURCES], {})).toEqual(SOURCES)
})

it.each<[string, Setup]>([
  ['an option', { options: { store: 'sqlite:data/visits' } }],
  ['the runtime configuration', { runtimeConfig: { store: 'sqlite:data/visits?corrupt=reset' } }],
  ['an absolute path', { options: { store: 'sqlite:/srv/app/data/visits' } }],
])('denies the files of a store that %s names, and no others', async (_, setup) => {
  const others = ['data/visits.ts', 'data/other', 'data/visits-wall', 'visits']
  const files = ['data/visits', 'data/visits-wal', 'data/visits-shm', 'data/visits-journal', 'data/Visits.']
  expect(await servedOf([...files, ...others], setup)).toEqual(others)
})

it('denies the files of the store that the environment names', async () => {
  vi.stubEnv('NUXT_CLOAKROOM_STORE', 'fs:held')
  expect(await servedOf(['held/a', 'held/a/b', 'held.ts', 'app/held/a'], {})).toEqual(['held.ts', 'app/held/a'])
})

it('denies the files of a mounted storage, in development and otherwise', async () => {
  const nitro = { storage: { held: { driver: 'fs', base: './held' } } }
  const devStorage = { held: { driver: 'fs', base: './dev' } }
  const options = { store: 'mount:held' }
  expect(await servedOf(['held/a', 'dev/a'], { options, nitro })).toEqual(['dev/a'])
  expect(await servedOf(['held/a', 'dev/a'], { options, nitro: { ...nitro, devStorage } })).toEqual(['held/a'])
  expect(await servedOf(['held/a'], { options: { store: 'mount:other' }, nitro })).toEqual(['held/a'])
})

it('takes no character of a path as part of a pattern', async () => {
  const names = ['ab', 'a', 'c', '[a]*(b)!{c}+@x', 'app/app.vue']
  const options = { store: 'fs:[a]*(b)!{c}+@?' }
  expect(await servedOf(['[a]*(b)!{c}+@?', '[a]*(b)!{c}+@?/record', ...names], { options })).toEqual(names)
})

it('denies a store in a folder that a symbolic link names, by both paths', async () => {
  const rootDir = directory.path()
  mkdirSync(join(rootDir, 'real'))
  symlinkSync('real', join(rootDir, 'link'))
  const options = { store: 'sqlite:link/visits' }
  expect(await servedOf(['link/visits', 'real/visits', 'real/other'], { options, rootDir })).toEqual(['real/other'])
})

it('keeps what the app itself denies', async () => {
  const config = { server: { fs: { deny: ['*.secret'] } } }
  expect(await servedOf(['a.secret', 'a.db', 'a.ts'], { config })).toEqual(['a.ts'])
})
