import { createResolver, defineNuxtModule } from 'nuxt/kit'

/**
 * Puts `server/headers/error-handler.ts` into the built server. Development keeps Nitro's own, which shows the stack.
 */
export default defineNuxtModule({
  meta: { name: 'error-handler' },
  setup(_options, nuxt) {
    if (nuxt.options.dev) return
    const { resolve } = createResolver(import.meta.url)
    nuxt.hook('nitro:init', ({ options }) => {
      // After Nuxt's, which makes the pages of errors, and before Nitro's. As configuration it would take the place of
      // Nuxt's.
      options.errorHandler = [options.errorHandler ?? []]
        .flat()
        .toSpliced(-1, 0, resolve('../server/headers/error-handler'))
    })
  },
})
