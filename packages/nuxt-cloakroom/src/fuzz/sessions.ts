import { SESSION_PATH } from '../runtime/shared/routes'
import type { SessionView } from '../runtime/shared/types/session'
import { UsageError } from './arguments'
import type { SessionSecrets } from './checks/exchange'
import type { Connection } from './connection'
import { exchange } from './connection'
import type { FuzzTarget, Header } from './request'
import type { FuzzResponse } from './response'
import { headerValues, parseSessionView } from './response'

/** A session of the app under test. No request of the fuzzer may end it. */
export interface TestSession extends SessionSecrets {
  readonly cookieName: string
  /** The value of the session cookie. */
  readonly cookie: string
  readonly userId: string | null
}

/** Where the app is. */
export type Place = Pick<FuzzTarget, 'origin' | 'base' | 'host'>

/** A request that begins a session, for example `POST /api/login {"name":"ada"}`. */
export interface StartRequest {
  readonly method: string
  readonly path: string
  readonly json: string | null
}

const OK = 200
const MARKER = '{marker}'
/** Shorter ones could be in a response by chance. */
const MIN_MARKER_CHARACTERS = 8

/**
 * Begins a session with a request that the user has given. In it, `{marker}` stands for a text that nothing else
 * contains. Without a session, the response has set no session cookie.
 */
export async function beginSession(
  connection: Connection,
  place: Place,
  { method, path, json }: StartRequest,
  marker: string,
): Promise<{ session: TestSession | null, response: FuzzResponse }> {
  const fill = (text: string) => text.replaceAll(MARKER, marker)
  const body = json === null ? '' : fill(json)
  const headers: Header[] = [['Origin', place.origin], ['Content-Type', 'application/json']]
  const response = await send(connection, place, { method, path: fill(path), headers, body })
  const cookies = headerValues(response, 'set-cookie').map(line => line.split(';', 1)[0]!)
  const isPlanted = `${path} ${json}`.includes(MARKER)
  const session = await describeSession(connection, place, cookies.join('; '), isPlanted ? [marker] : [])
  return { session, response }
}

/**
 * Asks the server for the session of a `Cookie` header. Returns `null` if there is none.
 *
 * @param markers texts that the app has stored in it
 */
export async function describeSession(
  connection: Connection,
  place: Place,
  cookieHeader: string,
  markers: readonly string[],
): Promise<TestSession | null> {
  const { session, cookie } = await readSession(connection, place, cookieHeader)
  if (!session || !cookie) return null
  const pair = cookieHeader.split('; ').find(text => text.startsWith(`${cookie.name}=`))!
  const value = pair.slice(cookie.name.length + 1)
  return { cookieName: cookie.name, cookie: value, id: session.id, userId: session.userId, markers }
}

/** What the responses to other clients must not contain. Sessions of one user may see each other's id. */
export function secretsOf(sessions: readonly TestSession[]): SessionSecrets[] {
  return sessions.map(({ id, userId, cookie, markers }) => {
    const users = sessions.filter(other => other.userId !== null && other.userId === userId)
    const texts = [id, userId ?? '', ...markers].filter(text => text.length >= MIN_MARKER_CHARACTERS)
    return { id, markers: [cookie, ...(users.length > 1 ? [] : texts)] }
  })
}

/** Reads `GET /api/_session`. @throws UsageError if the server does not respond as the module does */
export async function readSession(connection: Connection, place: Place, cookieHeader: string): Promise<SessionView> {
  const headers: Header[] = cookieHeader ? [['Cookie', cookieHeader]] : []
  const path = place.base + SESSION_PATH
  const response = await send(connection, place, { method: 'GET', path, headers, body: '' })
  const view = response.status === OK ? parseSessionView(response.body) : null
  if (view) return view
  throw new UsageError(`GET ${path} does not respond as nuxt-cloakroom does: ${response.status ?? response.outcome}.`)
}

interface PlainRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly Header[]
  readonly body: string
}

function send(connection: Connection, { host }: Place, request: PlainRequest): Promise<FuzzResponse> {
  const { method, path, headers, body } = request
  const length: Header = ['Content-Length', String(Buffer.byteLength(body))]
  const allHeaders: Header[] = [['Host', host], ['Connection', 'close'], ...headers, ...(body ? [length] : [])]
  const lines = allHeaders.map(([name, value]) => `${name}: ${value}`)
  const bytes = Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')}${body}`)
  return exchange(connection, { bytes, isCutOff: false, upgrade: null })
}
