import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Nuxt } from '@nuxt/schema'

/** Of the folder's name in a cookie name. */
const MAX_APP_NAME_CHARACTERS = 20

/**
 * Browsers share cookies between the ports of a host, so in development each app has its own name. An environment
 * variable or an option still decides.
 */
export function developmentCookieName({ options: { rootDir } }: Nuxt): string {
  const name = basename(rootDir).toLowerCase().replace(/[^a-z\d]+/g, '-').slice(0, MAX_APP_NAME_CHARACTERS)
  const hash = createHash('sha256').update(rootDir).digest('hex').slice(0, 4)
  return `__Host-session-${name}-${hash}`
}

/**
 * In development the TLS listener is nuxi's, in another thread than the app: this passes its origins on. `localhost`,
 * `127.0.0.1` and `[::1]` are all this machine.
 */
export function shareDevOrigin(nuxt: Nuxt) {
  nuxt.hook('listen', (_server, { url }: { url: string }) => {
    const { protocol, port } = new URL(url)
    const origins = ['localhost', '127.0.0.1', '[::1]'].map(host => `${protocol}//${host}:${port}`)
    process.env.NUXT_CLOAKROOM_ORIGIN ??= origins.join(',')
  })
}
