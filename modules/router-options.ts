import { createResolver, defineNuxtModule } from 'nuxt/kit'

/** Nuxt looks for router.options.ts in a folder `app/` alone, and any such folder would move the sources' root. */
export default defineNuxtModule({
  meta: { name: 'router-options' },
  setup(_options, nuxt) {
    const { resolve } = createResolver(import.meta.url)
    nuxt.hook('pages:routerOptions', ({ files }) => {
      files.push({ path: resolve('../router.options'), optional: false })
    })
  },
})
