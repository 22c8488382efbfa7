import { fileURLToPath } from 'node:url'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The module, the app's own routes for its session value and the app's own server, without the app's pages.
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
