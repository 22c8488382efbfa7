/**
 * The comparison of one origin with two, `npm run dev:compare`. Without `NUXT_COMPARE=1` its page does not exist. It is
 * part of this app, whose components and TLS listener it uses.
 */
export default defineNuxtConfig({ srcDir: '.' })
