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

/** Where h3 keeps a body that was read, so that several readers share it. Undocumented; a test checks it. */
const READ_BODY = Symbol.for('h3RawBody')

/** The body where h3, or a platform or middleware, keeps it. */
type Request = IncomingMessage & { [READ_BODY]?: unknown, rawBody?: unknown, body?: unknown }

/**
 * Reads a body as text, or takes it from the code that has read it before, and leaves it where h3's functions find it.
 *
 * @throws SessionError `too_large` over 64 KiB, by `Content-Length` before it is read
 * @throws InvalidBodyError if the body is incomplete, or not UTF-8 without a byte order mark
 * @throws Error if other code has read the body and kept it to itself
 */
export async function readText(request: Request): Promise<string> {
  const known = request[READ_BODY] ?? request.rawBody ?? request.body
  const bytes = known === undefined || known === null ? await readBytes(request) : await toBytes(await known)
  if (bytes.length > MAX_BYTES) throw tooLarge()
  return decode(bytes)
}

function readBytes(request: Request): Promise<Buffer> {
  if (request.readableDidRead) {
    throw new Error('[cloakroom] Other code has read the body of this request without h3’s readBody or readRawBody, so '
      + 'it is gone.')
  }
  const reading = readLimited(request)
  reading.catch(() => {}) // The caller reports it.
  request[READ_BODY] = reading
  return reading
}

async function readLimited(request: IncomingMessage): Promise<Buffer> {
  try {
    const { 'content-length': length = null } = request.headers
    return await getRawBody(request, { length, limit: MAX_BYTES })
  }
  catch (error) {
    if ((error as { type?: string }).type !== 'entity.too.large') throw new InvalidBodyError('The body is incomplete.')
    throw tooLarge()
  }
}

/** What `body` is on some platforms: what a `Response` can hold, or JSON that was parsed. */
async function toBytes(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const isReadable = [ArrayBuffer, ReadableStream, URLSearchParams, FormData, Blob].some(type => body instanceof type)
  if (isReadable) return new Uint8Array(await new Response(body as Blob).arrayBuffer())
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body ?? ''))
}

/** Nothing is replaced or left out, because different bytes must not become the same text, for example a password. */
function decode(bytes: Uint8Array): string {
  const text = decodeStrictly(bytes)
  if (text === undefined) throw new InvalidBodyError('The body is not UTF-8.')
  if (text.startsWith('\uFEFF')) throw new InvalidBodyError('The body begins with a byte order mark.')
  return text
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  }
  catch {
    return undefined
  }
}

function tooLarge(): SessionError {
  return new SessionError('too_large', `The body is over ${MAX_BYTES / 1024} KiB.`)
}

/**
 * @throws InvalidBodyError if it is not JSON, is nested deeper than 32 levels, has a key such as `__proto__`, or a text
 * that is not well-formed Unicode
 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw new InvalidBodyError(`The body is nested deeper than ${MAX_DEPTH} levels.`)
  try {
    const value: unknown = secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' })
    if (ESCAPED_SURROGATE.test(text)) JSON.parse(text, assertWellFormed)
    return value
  }
  catch {
    throw new InvalidBodyError('The body is not JSON in well-formed Unicode.')
  }
}

/** Half of a character. Encoded as UTF-8, for a hash or a store, each lone one would become the same character. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/

function assertWellFormed(name: string, value: unknown): unknown {
  if (!name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) throw new SyntaxError()
  return value
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
