import { createResolver, defineNuxtModule } from 'nuxt/kit'

/**
 * Builds the server around `server/entry.ts`, which adds TLS, timeouts and a clean shutdown. Development keeps Nitro's
 * own entry.
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
