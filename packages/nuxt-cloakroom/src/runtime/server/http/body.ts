import type { IncomingMessage } from 'node:http'
import getRawBody from 'raw-body'
import secureJson from 'secure-json-parse'
import { SessionError } from '../sessions/errors'

const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 32
/** Exactly JSON, in UTF-8 if a charset is given (RFC 8259 sections 8.1, 11). A looser type needs no CORS preflight. */
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?$/i

/** A body that is not valid: respond with 400 and this message. */
export class InvalidBodyError extends Error {}

/** Whether the client may resend this body uncompressed (RFC 9110 section 15.5.16: `Accept-Encoding: identity`). */
export function isCompressed({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const encoding = headers['content-encoding']
  return encoding !== undefined && encoding.toLowerCase() !== 'identity'
}

/**
 * @throws SessionError `unsupported_type` if the type is not exactly JSON, is missing or repeated, or if it is
 * compressed
 */
export function assertJsonType(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void {
  const { rawHeaders, headers } = request
  const types = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
  if (types.length !== 1 || !JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new SessionError('unsupported_type', 'Send the body as application/json.')
  }
  if (isCompressed(request)) throw new SessionError('unsupported_type', 'Send the body uncompressed.')
}

/**
 * Reads a body as text.
 *
 * @throws SessionError `too_large` over 64 KiB, by `Content-Length` before it is read
 * @throws InvalidBodyError if the body is incomplete
 */
export async function readText(request: IncomingMessage): Promise<string> {
  try {
    const { 'content-length': length = null } = request.headers
    return await getRawBody(request, { length, limit: MAX_BYTES, encoding: 'utf8' })
  }
  catch (error) {
    if ((error as { type?: string }).type !== 'entity.too.large') throw new InvalidBodyError('The body is incomplete.')
    throw new SessionError('too_large', `The body is over ${MAX_BYTES / 1024} KiB.`)
  }
}

/** @throws InvalidBodyError if it is not JSON, is nested deeper than 32 levels, or has a key such as `__proto__` */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw new InvalidBodyError(`The body is nested deeper than ${MAX_DEPTH} levels.`)
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' })
  }
  catch {
    throw new InvalidBodyError('The body is not JSON.')
  }
}

/** Levels of nesting, counted without recursion and before parsing. */
function depthOf(text: string): number {
  let depth = 0
  let maxDepth = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (isInString) {
      if (character === '\\') i++
      else if (character === '"') isInString = false
    }
    else if (character === '"') isInString = true
    else if (character === '{' || character === '[') maxDepth = Math.max(maxDepth, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return maxDepth
}
