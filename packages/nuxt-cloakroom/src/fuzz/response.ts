import type { SessionView } from '../runtime/shared/types/session'
import type { Header } from './request'

/** What the server sent on one connection. */
export interface FuzzResponse {
  /**
   * - `answered`: a response, to its end
   * - `closed`: the server closed the connection without a whole response
   * - `timeout`: neither within the deadline
   * - `unreachable`: the server did not accept the connection
   */
  readonly outcome: 'answered' | 'closed' | 'timeout' | 'unreachable'
  /** `null` without a response. */
  readonly status: number | null
  readonly headers: readonly Header[]
  /** The body without the framing of chunks, each character one byte. */
  readonly body: string
  /** Everything that was received, each character one byte. */
  readonly text: string
  /** What became of a WebSocket that received a message without an end: see `sendEndlessMessage`. */
  readonly socket: 'closed' | 'open' | null
}

/** The head of a response, and where its body begins. */
export interface ResponseHead {
  readonly status: number
  readonly headers: readonly Header[]
  readonly bodyAt: number
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/
const MIN_FINAL_STATUS = 200
const SWITCHING_PROTOCOLS = 101

/** Reads the head of the final response, after interim ones, for example 100. Returns `null` until it is complete. */
export function parseHead(text: string, start = 0): ResponseHead | null {
  const end = text.indexOf('\r\n\r\n', start)
  if (end === -1) return null
  const [first = '', ...lines] = text.slice(start, end).split('\r\n')
  const status = Number(STATUS_LINE.exec(first)?.[1])
  if (Number.isNaN(status)) return null
  const bodyAt = end + 4
  if (status < MIN_FINAL_STATUS && status !== SWITCHING_PROTOCOLS) return parseHead(text, bodyAt)
  return { status, headers: lines.map(parseHeader), bodyAt }
}

/** The values of all headers of a name, in any case of letters. */
export function headerValues({ headers }: Pick<ResponseHead, 'headers'>, name: string): string[] {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
}

/** The body of a response that has arrived. */
export function bodyOf(text: string, head: ResponseHead): string {
  const body = text.slice(head.bodyAt)
  return headerValues(head, 'transfer-encoding').some(value => /chunked/i.test(value)) ? joinChunks(body) : body
}

function parseHeader(line: string): Header {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function joinChunks(body: string): string {
  let joined = ''
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.slice(at, lineEnd), 16)
    if (lineEnd === -1 || !(size > 0)) break
    joined += body.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
  return joined
}

/** The body of `GET /api/_session`, or `null` if it is something else. */
export function parseSessionView(body: string): SessionView | null {
  try {
    const view = JSON.parse(body) as SessionView
    return 'status' in view && 'session' in view ? view : null
  }
  catch {
    return null
  }
}
