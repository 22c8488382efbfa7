import { createStorage } from 'unstorage'
import memory from 'unstorage/drivers/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startCloakroom } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/runtime'

const app = vi.hoisted(() => ({ storage: undefined as unknown }))

vi.mock('nitropack/runtime', () => ({
  defineNitroPlugin: <Plugin>(plugin: Plugin) => plugin,
  useRuntimeConfig: () => ({ cloakroom: { store: 'memory:', audit: 'off' } }),
  useStorage: () => app.storage,
}))

afterEach(() => {
  vi.unstubAllEnvs()
})

function startWith(...names: string[]) {
  const storage = createStorage()
  for (const name of names) storage.mount(name, memory())
  app.storage = storage
  return { storage, cloakroom: startCloakroom({}) }
}

describe('the storage of the module', () => {
  it('leaves the names to the app that apps use', async () => {
    const { storage, cloakroom } = startWith('sessions', 'session', 'cache')
    await storage.setItem('sessions:a', 'of the app')
    expect(storage.getMount('cloakroom:a').base).toBe('cloakroom:')
    expect(await storage.getKeys('cloakroom')).toEqual([])
    await cloakroom.close()
    expect(await storage.getItem('sessions:a')).toBe('of the app')
  })

  it('does not start if the app has a storage of the same name, and says what to do', () => {
    expect(() => startWith('cloakroom')).toThrow(
      '[cloakroom] nitro.storage has a storage "cloakroom", under which the module mounts its own. Give it another '
      + 'name in nuxt.config.ts.',
    )
  })
})
