import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEVELOPMENT_FOLDER, startFixtureInDevelopment } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'

const TEXT = 'what no page may read'

/** Databases and keys that other parts of an app may have created, and what a session store leaves. */
const PLANTED = [
  'sessions.db', 'sessions.db-wal', 'sessions.db-shm', 'sessions.keys', 'data/accounts.sqlite3', 'data/old.sqlite',
  'data/sessions.db.corrupt-2026-11-28T04-00-00-000Z-wal', 'data/sessions.keys.0e1f.tmp',
]

const STORES = [
  { store: `sqlite:${DEVELOPMENT_FOLDER}/visits [1]`, files: [...PLANTED, 'visits [1]', 'visits [1]-wal'] },
  { store: `fs:${DEVELOPMENT_FOLDER}/visits`, files: ['visits/record', 'visits/in/folder', 'visits.keys'] },
]

/** The addresses under which Vite could serve a file. */
function spellingsOf(file: string, folder: string): string[] {
  const path = encodeURI(`/_nuxt/${file}`)
  const absolute = encodeURI(join(folder, file))
  const queries = ['', '?raw', '?url', '?import', '?import&raw', '?inline', '?import&url', '?.svg?import&inline']
  return [
    ...queries.map(query => path + query),
    ...queries.map(query => `/_nuxt/@fs${absolute}${query}`),
    `/@fs${absolute}`,
    `/@fs${absolute}?raw`,
    `/_nuxt/@fs/${absolute}?import&raw`,
    path.replace('.', '%2e'),
    `${path}.`,
    `${path}/`,
    path.toUpperCase().replace('_NUXT', '_nuxt'),
    `/${file}`,
  ]
}

for (const { store, files } of STORES) {
  describe(`in development, with the store ${store},`, () => {
    let server: FixtureServer
    let folder: string

    beforeAll(async () => {
      server = await startFixtureInDevelopment({ NUXT_CLOAKROOM_STORE: store })
      folder = join(dirname(server.storeFile), DEVELOPMENT_FOLDER)
      for (const file of files) plant(join(folder, file))
      plant(join(folder, 'app/notes.txt'))
    })

    afterAll(() => server?.dispose())

    const get = async (path: string) => {
      const response = await fetch(server.url + path)
      return { status: response.status, text: await response.text() }
    }

    it('Vite serves the sources of the app', async () => {
      expect(await get('/_nuxt/notes.txt')).toEqual({ status: 200, text: TEXT })
    })

    it.each(files)('Vite never serves %s', async (file) => {
      const responses = await Promise.all(spellingsOf(file, folder).map(async path => ({ path, ...await get(path) })))
      const isServed = ({ status, text }: typeof responses[number]) => status === 200 || text.includes(TEXT)
      expect(responses.filter(isServed).map(({ path }) => path)).toEqual([])
    })
  })
}

/** Writes a file unless the server has created it. */
function plant(path: string) {
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) writeFileSync(path, TEXT)
}
