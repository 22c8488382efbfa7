import { defineNuxtModule } from 'nuxt/kit'

/**
 * In development the TLS listener is nuxi's, in another thread than the app: this hands its origins over.
 * `localhost`, `127.0.0.1` and `[::1]` are all this machine.
 */
export default defineNuxtModule({
  meta: { name: 'session-dev-origin' },
  setup(_options, nuxt) {
    nuxt.hook('listen', (_server, { url }) => {
      const { protocol, port } = new URL(url)
      process.env.NUXT_SESSION_ORIGIN ??= ['localhost', '127.0.0.1', '[::1]'].map(host => `${protocol}//${host}:${port}`).join(',')
    })
  },
})
