/** The comparison of one origin with two, `npm run dev:compare`. Without `NUXT_COMPARE=1` its page does not exist. */
export default defineNuxtConfig({ srcDir: '.' })
