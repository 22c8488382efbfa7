import { isatty } from 'node:tty'
import type { Connections } from './connections.ts'
import { StartupError } from './settings.ts'
import type { Settings } from './settings.ts'

/** How long each of the hooks may take: the one that ends streams, and the one that flushes and closes stores. */
const CLOSE_LIMIT_MS = 5_000

/** What `stopOnSignals` needs to stop the app. */
export interface StopOptions {
  connections: Connections
  /** How long requests in flight may take to end. */
  limitMs: number
  /** Ends responses that would last forever, for example event streams. Runs as soon as the signal arrives. */
  endStreams: () => Promise<unknown>
  /** Flushes and closes stores. Runs after the last response. */
  close: () => Promise<unknown>
}

/** Runs `start`. A StartupError ends the process with one sentence and no stack trace. */
export function startOrExit<T>(start: () => T): T {
  try {
    return start()
  }
  catch (error) {
    if (!(error instanceof StartupError)) throw error
    return exitWith(error.message)
  }
}

/** Ends the process because of an error of `server.listen`. */
export function exitOnListenError(error: NodeJS.ErrnoException, listen: Settings['listen']): never {
  const where = 'path' in listen ? listen.path : `${listen.host ? `${listen.host}, ` : ''}port ${listen.port}`
  const causes: Record<string, string> = {
    EADDRINUSE: 'another program listens there: stop it, or set NITRO_PORT to another port',
    EACCES: 'this user may not: set NITRO_PORT to 1024 or above, or allow it (see docs/deployment.md)',
    EADDRNOTAVAIL: 'this machine has no such address: correct NITRO_HOST',
    ENOTFOUND: 'there is no such host: correct NITRO_HOST',
  }
  return exitWith(`The server cannot listen on ${where} (${error.code}); ${causes[error.code ?? ''] ?? error.message}.`)
}

/**
 * Finishes the requests in flight on SIGTERM or SIGINT (in a terminal also SIGHUP), then ends the process. A second
 * signal ends it immediately.
 */
export function stopOnSignals(options: StopOptions): void {
  let stopping = false
  const onSignal = async (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    process.exit(await stop(signal, options) ? 0 : 1)
  }
  for (const signal of stopSignals()) process.on(signal, onSignal)
}

/**
 * Reloads on SIGHUP, as other servers do. Not in a terminal: there SIGHUP means that the window was closed, and a
 * server that kept running would hold the port unnoticed.
 */
export function reloadOnHangup(reload: () => void): void {
  if (!IN_TERMINAL) process.on('SIGHUP', reload)
}

const IN_TERMINAL = isatty(0)

function stopSignals(): NodeJS.Signals[] {
  return IN_TERMINAL ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : ['SIGTERM', 'SIGINT']
}

async function stop(signal: string, { connections, limitMs, endStreams, close }: StopOptions): Promise<boolean> {
  console.log(`[tls] ${signal}: no new connections; requests to finish: ${connections.inFlight()}`)
  const streams = attempt(endStreams)
  const drained = await connections.drain(limitMs)
  if (!drained) console.error(`[tls] Requests still running after ${limitMs} ms (NITRO_SHUTDOWN_TIMEOUT) were cut off.`)
  return [drained, await streams, await attempt(close)].every(Boolean)
}

/**
 * Returns true if the work was done in time. Otherwise it prints the reason on stderr. It never throws, because the
 * other steps of stopping must still run.
 */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  const late = new Promise((_, reject) => setTimeout(reject, CLOSE_LIMIT_MS, new Error(`not done after `
    + `${CLOSE_LIMIT_MS} ms`)).unref())
  try {
    await Promise.race([work(), late])
    return true
  }
  catch (error) {
    console.error('[tls] Closing failed:', error)
    return false
  }
}

/** Ends the process with one sentence for the operator. */
export function exitWith(sentence: string): never {
  console.error(`[tls] ${sentence}`)
  process.exit(1)
}
