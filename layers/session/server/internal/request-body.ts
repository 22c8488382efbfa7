import type { H3Event } from 'h3'
import { createError, readRawBody, setResponseHeader } from 'h3'
import getRawBody from 'raw-body'
import { SessionError } from '../engine/errors'
import { isInnerEvent } from './outer-event'

const MOST_BYTES = 64 * 1024
/** Exactly JSON, in UTF-8 if it says so (RFC 8259 §8.1, §11). Anything looser lets a foreign form or Blob through without a preflight. */
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?$/i

/** @throws SessionError `unsupported_type` for a type that is not exactly JSON, for none, for two, and for anything compressed */
export function requireJsonType(event: H3Event) {
  const { rawHeaders, headers } = event.node.req
  const types = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
  if (types.length !== 1 || !JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new SessionError('unsupported_type', 'The body must be sent as application/json.')
  }
  if (!isPlain(headers['content-encoding'])) {
    setResponseHeader(event, 'accept-encoding', 'identity') // RFC 9110 §15.5.16
    throw new SessionError('unsupported_type', 'The body must be sent as it is, and not compressed.')
  }
}

/** @throws SessionError `too_large` over 64 KiB, by its length before it is read; H3Error 400 for half a body */
export async function readText(event: H3Event): Promise<string> {
  // A call of the server to itself while rendering has no socket to read from.
  if (isInnerEvent(event)) return await readRawBody(event) ?? ''
  try {
    return await getRawBody(event.node.req, { length: event.node.req.headers['content-length'], limit: MOST_BYTES, encoding: 'utf8' })
  }
  catch (error) {
    if ((error as { type?: string }).type !== 'entity.too.large') throw badRequest('The body did not arrive whole.')
    event.node.res.setHeader('connection', 'close')
    throw new SessionError('too_large', `The body is over ${MOST_BYTES / 1024} KiB.`)
  }
}

export function badRequest(message: string) {
  return createError({ statusCode: 400, statusMessage: 'Bad Request', message })
}

/** Nothing is decompressed: a few bytes could become any number. */
function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity'
}
