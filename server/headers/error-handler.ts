import { send, setResponseHeaders, setResponseStatus } from 'h3'
import { defineNitroErrorHandler } from 'nitropack/runtime'
import { securityHeaders } from './policy'

/**
 * Responds to errors that have no page. It differs from Nitro's own handler in two ways. It keeps the security
 * headers that every response already has. It reports the URL as a path, because the host that Nitro would add may
 * come from an `X-Forwarded-Host` header, which any client can send.
 */
export default defineNitroErrorHandler(async (error, event, { defaultHandler }) => {
  const { status, statusText, headers, body } = await defaultHandler(error, event, { json: true })
  const kept = securityHeaders(undefined)
  setResponseHeaders(event, Object.fromEntries(Object.entries(headers).filter(([name]) => !(name in kept))))
  setResponseStatus(event, status, statusText)
  return send(event, JSON.stringify(typeof body === 'object' ? { ...body, url: event.path } : body, null, 2))
})
