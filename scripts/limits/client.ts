import { once } from 'node:events'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { authority } from '../../tests/support/certificate.ts'
import { cookiePair } from '../../tests/support/https.ts'
import type { Address } from './target.ts'

/** A client that has waited longer than this for a response gives up. */
const PATIENCE_MS = 20_000
/** The attackers run in another process than the user, and so have other addresses. */
const FIRST_BYTE = process.send ? 100 : 99

export interface RequestOptions {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly json?: unknown
  readonly cookie?: string | undefined
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The session cookie, if the response sets one. */
  readonly cookie: string | undefined
}

let addresses = 0

/** A header by which a trusted proxy names a client that was not there before. */
export function newForwarding(): { 'x-forwarded-for': string } {
  addresses++
  const bytes = [addresses >> 16, addresses >> 8, addresses].map(number => number & 255)
  return { 'x-forwarded-for': [FIRST_BYTE, ...bytes].join('.') }
}

/** Sends requests to one server, on connections that it keeps, and opens raw connections. */
export class Client {
  readonly address: Address
  readonly #isTls: boolean
  readonly #agent: HttpAgent
  readonly #ca: string | undefined

  /** @param connections for requests; raw ones are not counted */
  constructor(address: Address, connections: number) {
    this.address = address
    this.#isTls = address.url.startsWith('https:')
    this.#ca = this.#isTls ? authority() : undefined
    const options = { keepAlive: true, maxSockets: connections }
    this.#agent = this.#isTls ? new HttpsAgent({ ...options, ca: this.#ca }) : new HttpAgent(options)
  }

  /** Sends a request like a page of the app. @throws Error if there is no complete response in time */
  async send({ method = 'GET', path, headers, json, cookie }: RequestOptions): Promise<Reply> {
    const body = json === undefined ? '' : JSON.stringify(json)
    const start = this.#isTls ? httpsRequest : httpRequest
    const outgoing = start(this.address.url + path, {
      method,
      agent: this.#agent,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        ...(method === 'GET' ? {} : { 'origin': this.address.origin, 'content-length': Buffer.byteLength(body) }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
    }).end(body)
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    incoming.resume()
    await once(incoming, 'end')
    const [line] = incoming.headers['set-cookie'] ?? []
    return {
      status: incoming.statusCode!,
      retryAfter: incoming.headers['retry-after'],
      cookie: line === undefined ? undefined : cookiePair(line),
    }
  }

  /** Opens a connection for arbitrary bytes. Errors only close it. */
  async open({ plain = false } = {}): Promise<Socket> {
    const { port, hostname } = new URL(this.address.url)
    const isTls = this.#isTls && !plain
    const socket = isTls
      ? connectTls({ port: Number(port), host: hostname, servername: hostname, ca: this.#ca! })
      : connect({ port: Number(port), host: hostname })
    const opened = once(socket, isTls ? 'secureConnect' : 'connect')
    socket.on('error', () => {})
    await opened
    return socket
  }

  /** The head of a request, as bytes. */
  head(method: string, path: string, headers: readonly string[] = []): string {
    const { host } = new URL(this.address.url)
    return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n')
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** The status of a response, from its first bytes. */
export function statusOf(first: Buffer): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(first.toString('latin1'))?.[1])
}
