import { createResolver, defineNuxtModule } from 'nuxt/kit'

/**
 * Adds `server/headers/error-handler.ts` to the built server. Development keeps Nitro's handler, which shows the
 * stack.
 */
export default defineNuxtModule({
  meta: { name: 'error-handler' },
  setup(_options, nuxt) {
    if (nuxt.options.dev) return
    const { resolve } = createResolver(import.meta.url)
    nuxt.hook('nitro:init', ({ options }) => {
      // After Nuxt's handler, which renders error pages, and before Nitro's. In the configuration it would replace
      // Nuxt's.
      options.errorHandler = [options.errorHandler ?? []]
        .flat()
        .toSpliced(-1, 0, resolve('../server/headers/error-handler'))
    })
  },
})
