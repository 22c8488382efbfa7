import { createResolver, defineNuxtModule } from 'nuxt/kit'

/**
 * Builds the server from `server/entry.ts`, which adds TLS, timeouts and a graceful shutdown. Development keeps
 * Nitro's entry.
 */
export default defineNuxtModule({
  meta: { name: 'server-entry' },
  setup(_options, nuxt) {
    if (nuxt.options.dev) return
    nuxt.hook('nitro:config', (config) => {
      config.entry = createResolver(import.meta.url).resolve('../server/entry')
    })
  },
})
