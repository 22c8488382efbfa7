import type { H3Event } from 'h3'
import { createError, readRawBody, setResponseHeader } from 'h3'
import getRawBody from 'raw-body'
import secureJson from 'secure-json-parse'
import { SessionError } from '../engine/errors'
import { isInnerEvent } from '../internal/outer-event'

const MOST_BYTES = 64 * 1024
const MOST_LEVELS = 32
/** Exactly JSON, in UTF-8 if it says so (RFC 8259 §8.1, §11). Anything looser lets a foreign form or Blob through without a preflight. */
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?$/i

/**
 * Reads a JSON body, or refuses it: another type or none, or compressed (415), over 64 KiB (413, before it is read), not JSON, nested deeper
 * than 32 levels, or with a key that reaches for a prototype (400).
 */
export async function readJson(event: H3Event): Promise<unknown> {
  const types = event.node.req.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
  if (types.length !== 1 || !JSON_TYPE.test(event.node.req.headers['content-type'] ?? '')) {
    throw new SessionError('unsupported_type', 'The body must be sent as application/json.')
  }
  if (!isPlain(event.node.req.headers['content-encoding'])) {
    setResponseHeader(event, 'accept-encoding', 'identity') // RFC 9110 §15.5.16
    throw new SessionError('unsupported_type', 'The body must be sent as it is, and not compressed.')
  }
  const text = await readText(event)
  if (depthOf(text) > MOST_LEVELS) throw badRequest(`The body is nested deeper than ${MOST_LEVELS} levels.`)
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' })
  }
  catch {
    throw badRequest('The body is not JSON.')
  }
}

async function readText(event: H3Event): Promise<string> {
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

/** Nothing is decompressed: a few bytes could become any number. */
function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity'
}

/** Levels of nesting, counted without recursion and before parsing. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    }
    else if (character === '"') inString = true
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}

function badRequest(message: string) {
  return createError({ statusCode: 400, statusMessage: 'Bad Request', message })
}
