import type { IncomingMessage, RequestListener, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerBrokenRequest } from './broken-requests.ts'
import { readPair } from './certificate.ts'
import type { CheckedPair } from './certificate.ts'
import { connectionErrorLog } from './connection-errors.ts'
import { trackConnections } from './connections.ts'
import type { Connections } from './connections.ts'
import { createListener, originsOf, secureContext } from './listener.ts'
import { exitOnListenError, reloadOnHangup, startOrExit, stopOnSignals } from './process.ts'
import { continueWhenRead, refuseMalformed, refuseOtherHosts, sendRefusal } from './requests.ts'
import type { Guard } from './requests.ts'
import { readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { subjectNames } from './subject-names.ts'

/** The app that the server serves, and the callbacks that it calls. */
export interface Service {
  env: NodeJS.ProcessEnv
  /** The path under which the app is served, for the log line that says where the server listens. */
  basePath: string
  listener: RequestListener
  /** Handles WebSocket upgrades. Without it, they are handled as plain requests. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Called with the origins that the certificate gives this server, when it starts to listen and when the certificate
   * changes. Never called behind a proxy or on a Unix socket.
   */
  onListening: (origins: string[]) => Promise<unknown>
  /** Called at the signal to stop, to end event streams. */
  onShutdown: () => Promise<unknown>
  /** Called after the last response, to flush and close stores. */
  onClosed: () => Promise<unknown>
}

/**
 * Serves over HTTPS, or over HTTP behind a proxy, until a signal ends the process. The environment configures it
 * (docs/deployment.md lists the variables).
 *
 * Any problem at the start ends the process with exit code 1 and one sentence on stderr.
 */
export function serve(service: Service): void {
  const settings = startOrExit(() => readSettings(service.env))
  const pair = startOrExit(() => settings.tls && readPair(settings.tls, new Date()))
  const server = createListener(pair, settings)
  const connections = trackConnections(server)
  const hosts = { refuse: pair && refuseOtherHosts(pair.leaf) }

  answer(server, service, connections, request => refuseMalformed(request) ?? hosts.refuse?.(request) ?? null)
  const host = pair ? subjectNames(pair.leaf)[0] : undefined
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerBrokenRequest(error, socket, { isAnswering: connections.isAnswering(socket), host }),
  )
  const use = (current: CheckedPair) => {
    if (current.warning) console.warn(`[tls] ${current.warning}`)
    hosts.refuse = refuseOtherHosts(current.leaf)
    const { port } = server.address() as AddressInfo // Undefined on a Unix socket, which has no origin.
    if (port) void service.onListening(originsOf(current, port))
  }
  const logConnectionError = connectionErrorLog(line => console.error(line))
  server.on('error', (error) => {
    if (!server.listening) exitOnListenError(error, settings.listen)
    logConnectionError(error)
  })
  server.listen(settings.listen, () => {
    if (pair) use(pair)
    console.log(`Listening on ${urlOf(server, pair)}${service.basePath.replace(/\/$/, '')}`)
  })
  stopOnSignals({
    connections,
    limitMs: settings.shutdownTimeoutMs,
    endStreams: service.onShutdown,
    close: service.onClosed,
  })
  reloadOnHangup(() => reload(server, settings, use))
}

function answer(server: HttpServer, { listener, upgrade }: Service, { track }: Connections, refuse: Guard): void {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (!track(request, response)) return
    const refusal = refuse(request)
    if (refusal) sendRefusal(response, refusal)
    else listener(request, response)
  }
  server.on('request', onRequest)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response)
    onRequest(request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (!track(request, response)) return
    sendRefusal(response, { status: 417, message: 'The only expectation that is met here is 100-continue.' })
  })
  if (upgrade)
    server.on('upgrade', (request, socket, head) =>
      refuse(request) ? socket.destroy() : upgrade(request, socket, head),
    )
}

/** Uses a renewed certificate for new connections; open ones keep theirs. An invalid pair changes nothing. */
function reload(server: HttpServer | HttpsServer, { tls }: Settings, use: (pair: CheckedPair) => void): void {
  if (!tls || !(server instanceof HttpsServer))
    return console.log('[tls] SIGHUP: nothing to reload, TLS ends at the proxy.')
  try {
    const pair = readPair(tls, new Date())
    server.setSecureContext(secureContext(pair))
    use(pair)
    console.log(`[tls] SIGHUP: now serving the certificate that ends on ${pair.leaf.validToDate.toISOString()}.`)
  }
  catch (error) {
    console.error(`[tls] SIGHUP: the certificate in use stays. ${(error as Error).message}`)
  }
}

/**
 * Returns the URL to open in a browser. `::` and `0.0.0.0` mean every address, so the certificate's first name, or
 * localhost, replaces them.
 */
function urlOf(server: HttpServer, pair: CheckedPair | null): string {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return `unix socket ${address}`
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const named = pair && originsOf(pair, address.port)[0]
  if (!['[::]', '0.0.0.0'].includes(host)) return `${pair ? 'https' : 'http'}://${host}:${address.port}`
  return named ?? `http://localhost:${address.port}`
}
