import { randomBytes } from 'node:crypto'
import { setResponseHeader } from 'h3'
import { defineNitroPlugin } from 'nitropack/runtime'
import { addNonce, pagePolicy, securityHeaders } from '../headers/policy'

declare module 'h3' {
  interface H3EventContext {
    /** Other origins that this page may call. */
    connectOrigins?: string[]
  }
}

const NONCE_BYTES = 16

/** Sets the security headers before any other code can respond, and adds a nonce to every rendered page. */
export default defineNitroPlugin(({ hooks }) => {
  hooks.hook('request', ({ node }) => {
    const headers = securityHeaders(node.req.headers.host)
    for (const name in headers) node.res.setHeader(name, headers[name]!)
    if (import.meta.dev) node.res.removeHeader('strict-transport-security') // HSTS is for the built server only.
  })
  hooks.hook('render:html', (html, { event }) => {
    const nonce = randomBytes(NONCE_BYTES).toString('base64')
    addNonce(html, nonce)
    // The overlay that development shows on an error page contains scripts without a nonce.
    const isOverlaid = import.meta.dev && event.path.startsWith('/__nuxt_error')
    setResponseHeader(
      event,
      'content-security-policy',
      isOverlaid
        ? 'frame-ancestors \'none\''
        : pagePolicy(nonce, { dev: import.meta.dev, connect: event.context.connectOrigins ?? [] }),
    )
  })
  hooks.hook('render:response', (response) => {
    delete response.headers?.['x-powered-by']
  })
})
