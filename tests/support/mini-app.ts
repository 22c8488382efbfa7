import wsAdapter from 'crossws/adapters/node'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { readCookie } from '../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import type { SessionView } from '../../packages/nuxt-cloakroom/src/runtime/shared/types/session'
import { changeDatabase } from './store.ts'

const COOKIE_NAME = '__Host-session'
export const SOCKET_PATH = '/chat'
const MAX_MESSAGE_BYTES = 64 * 1024
const COOKIE_LINE = 'Path=/; Secure; HttpOnly'

/**
 * One rule that the app breaks:
 *
 * - `server-error`: it fails with a malformed `X-Forwarded-Host`
 * - `outage`: it says so from the tenth request on
 * - `wrong-session`: it finds a session for each cookie that begins like the first one
 * - `cookie-set`: reading without a session sets a cookie
 * - `leak`: an unknown path shows all sessions
 * - `cross-origin`, `cross-origin-socket`: it does not check the origin of requests, of WebSockets
 * - `open-socket`: it opens WebSockets on each path
 * - `endless-socket`: it bounds no message
 * - `row-created`: an unknown cookie creates a row
 * - `logged`, `stack-trace`: it logs addresses with their query, errors with their stack
 */
export type Fault = 'server-error' | 'outage' | 'wrong-session' | 'cookie-set' | 'leak' | 'cross-origin'
  | 'cross-origin-socket' | 'open-socket' | 'endless-socket' | 'row-created' | 'logged' | 'stack-trace'

export interface MiniAppOptions {
  readonly fault?: Fault
  readonly logFile?: string
  readonly storeFile?: string
}

/** A server that behaves like an app with the module as far as the fuzzer can see, but for one fault. */
export async function startMiniApp({ fault, logFile, storeFile }: MiniAppOptions = {}) {
  const sessions = new Map<string, string>()
  const socket = wsAdapter({
    hooks: {},
    serverOptions: fault === 'endless-socket' ? {} : { maxPayload: MAX_MESSAGE_BYTES },
  })
  const server = createServer(respond)
  let requests = 0
  let origin = ''
  server.on('upgrade', upgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: origin,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }

  function respond(req: IncomingMessage, res: ServerResponse) {
    requests++
    const path = req.url!.split('?', 1)[0]
    log(req)
    if (fault === 'outage' && requests >= 10) return outage(res)
    if (fault === 'server-error' && String(req.headers['x-forwarded-host']).includes('%')) return end(res, 500)
    if (isUnsafe(req) && !isOwn(req) && fault !== 'cross-origin') return end(res, 403)
    if (path === '/start') return begin(res)
    if (path === '/api/_session' && req.method === 'GET') return view(req, res)
    if (path === '/api/_session' && req.method === 'DELETE') return signOut(res)
    end(res, 404, fault === 'leak' ? [...sessions.values()].join() : '')
  }

  function begin(res: ServerResponse) {
    const digest = createHash('sha512').update(String(sessions.size))
    const value = digest.copy().update('cookie').digest('base64url')
    sessions.set(value, digest.copy().update('id').digest('base64url'))
    if (storeFile) addRow(value)
    res.setHeader('set-cookie', `${COOKIE_NAME}=${value}; ${COOKIE_LINE}`)
    end(res, 204)
  }

  /** Ends nothing: the fuzzer must not find out that it has lost its sessions. */
  function signOut(res: ServerResponse) {
    res.setHeader('set-cookie', `${COOKIE_NAME}=; ${COOKIE_LINE}`)
    end(res, 204)
  }

  function view(req: IncomingMessage, res: ServerResponse) {
    const value = cookieOf(req)
    const id = value === null ? undefined : sessions.get(value) ?? wrongId(value)
    if (id === undefined && fault === 'cookie-set') res.setHeader('set-cookie', `${COOKIE_NAME}=; ${COOKIE_LINE}`)
    if (id === undefined && fault === 'row-created' && value !== null) addRow(`${requests}`)
    const body = {
      status: 'anonymous',
      session: id === undefined ? null : { id, userId: null },
      cookie: value === null ? null : { name: COOKIE_NAME },
    } as Partial<SessionView>
    end(res, 200, JSON.stringify(body))
  }

  function cookieOf(req: IncomingMessage): string | null {
    const cookie = readCookie(req.headers.cookie, COOKIE_NAME)
    return cookie.kind === 'present' ? cookie.value : null
  }

  function wrongId(value: string): string | undefined {
    const [first = ''] = sessions.keys()
    return fault === 'wrong-session' && value.startsWith(first.slice(0, 20)) ? 'wrong' : undefined
  }

  function upgrade(req: IncomingMessage, stream: Duplex, head: Buffer) {
    const isHandled = req.url!.startsWith(SOCKET_PATH) || fault === 'open-socket'
    if (isHandled && (isOwn(req) || fault === 'cross-origin-socket')) void socket.handleUpgrade(req, stream, head)
    else stream.end(`HTTP/1.1 ${isHandled ? 403 : 404} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  }

  function isOwn({ headers }: IncomingMessage): boolean {
    return headers.origin === origin && ['same-origin', undefined].includes(headers['sec-fetch-site'] as string)
  }

  function log({ url }: IncomingMessage) {
    if (!logFile) return
    appendFileSync(logFile, `request ${fault === 'logged' ? url : ''}\n`)
    if (fault === 'stack-trace') appendFileSync(logFile, `${new Error('x').stack}\n`)
  }

  function addRow(key: string) {
    changeDatabase(storeFile!, `INSERT INTO sessions VALUES ('${key}')`)
  }
}

function isUnsafe({ method }: IncomingMessage): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method!)
}

function outage(res: ServerResponse) {
  res.setHeader('retry-after', '2')
  end(res, 503, JSON.stringify({ data: { code: 'store_unavailable' } }))
}

function end(res: ServerResponse, status: number, body = '') {
  res.writeHead(status)
  res.end(body)
}
