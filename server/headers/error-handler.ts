import { send, setResponseHeaders, setResponseStatus } from 'h3'
import { defineNitroErrorHandler } from 'nitropack/runtime'
import { securityHeaders } from './policy'

/**
 * Answers errors that get no page. Does what Nitro's own handler does, but for two things: the security headers that
 * each answer has already stay as they are, and the URL is told as a path, since the host that Nitro would put there
 * may come from an `X-Forwarded-Host` that anybody can send.
 */
export default defineNitroErrorHandler(async (error, event, { defaultHandler }) => {
  const { status, statusText, headers, body } = await defaultHandler(error, event, { json: true })
  const kept = securityHeaders(undefined)
  setResponseHeaders(event, Object.fromEntries(Object.entries(headers).filter(([name]) => !(name in kept))))
  setResponseStatus(event, status, statusText)
  return send(event, JSON.stringify(typeof body === 'object' ? { ...body, url: event.path } : body, null, 2))
})
