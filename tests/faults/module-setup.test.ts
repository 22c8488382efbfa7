import { join } from 'node:path'
import { loadNuxt } from 'nuxt/kit'
import { afterEach, expect, it } from 'vitest'
import { makeDirectory } from '../support/directory'

const APP = join(import.meta.dirname, '../fixtures/basic')
const directory = makeDirectory()
let close = async () => {}

afterEach(async () => {
  await close()
  directory.remove()
})

/** Loads the fixture app, with other settings or another version of Nuxt, until its modules have run. */
async function load(overrides: Record<string, unknown>, version?: string) {
  const buildDir = directory.path('.nuxt')
  const nuxt = await loadNuxt({ cwd: APP, ready: false, overrides: { ...overrides, buildDir } })
  close = () => nuxt.close()
  if (version !== undefined) nuxt._version = version
  await nuxt.ready()
}

it('an app starts with the module', async () => {
  await expect(load({})).resolves.toBeUndefined()
})

it('Nuxt 5 stops instead of running the app without sessions', async () => {
  await expect(load({}, '5.0.0')).rejects.toThrow('nuxt-cloakroom does not support Nuxt 5.0.0 yet')
})

it('an unknown option stops the build, with a suggestion', async () => {
  await expect(load({ cloakroom: { idelTimeout: '5m' } })).rejects.toThrow('Did you mean cloakroom.idleTimeout?')
})
