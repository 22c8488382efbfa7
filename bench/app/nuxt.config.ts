import { fileURLToPath } from 'node:url'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The module, with the main app's routes for the session value and the main app's server, but without its pages.
export default defineNuxtConfig({
  modules: ['../../packages/nuxt-cloakroom/src/module'],
  alias: { '#bench-root': here('../..') },
  compatibilityDate: '2026-11-01',
  telemetry: false,
  hooks: {
    'nitro:config': (config) => {
      config.entry = here('../../server/entry')
    },
  },
  cloakroom: { stores: ['sqlite', 'redis'] },
})
