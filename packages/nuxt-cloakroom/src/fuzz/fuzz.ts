import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { FuzzOptions } from './arguments'
import { UsageError } from './arguments'
import type { Connection } from './connection'
import { LogSearch } from './log-search'
import { resolveHost } from './loopback'
import { Report } from './report'
import type { FuzzTarget } from './request'
import type { FuzzResponse } from './response'
import { Run } from './run'
import type { Place, StartRequest, TestSession } from './sessions'
import { beginSession, describeSession } from './sessions'

export const EXIT_CODES = { none: 0, findings: 1, usage: 2, outage: 3 } as const

const MAX_SEED = 2 ** 31
const DEFAULT_COOKIE_NAME = '__Host-session'
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }
const MAX_SESSIONS = 2
const DEFAULT_START: StartRequest = { method: 'GET', path: '/', json: null }
const FORBIDDEN = 403

/**
 * Runs the fuzzer. Returns the exit code.
 *
 * @throws UsageError if the server must not be attacked, or is not an app with the module
 */
export async function fuzz(options: FuzzOptions, print: (line: string) => void): Promise<number> {
  const seed = options.seed ?? Math.floor(Math.random() * MAX_SEED)
  const connection = await connectionOf(options)
  const log = options.logFile === null ? null : new LogSearch(options.logFile)
  print(`Seed ${seed}`)
  const place = { origin: options.origin, base: options.url.pathname.replace(/\/$/, ''), host: options.url.host }
  const sessions = await openSessions(options, connection, place)
  print(sessions.length === 0 ? 'No session: without one, fewer requests are forged.' : `${sessions.length} sessions`)
  const target: FuzzTarget = {
    ...place,
    paths: options.paths,
    socketPaths: options.socketPaths,
    cookieName: sessions[0]?.cookieName ?? DEFAULT_COOKIE_NAME,
    cookies: sessions.map(({ cookie }) => cookie),
    messageBytes: options.messageBytes,
  }
  const report = new Report(print, seed)
  const run = new Run({ seed, connection, target, sessions, report, storeFile: options.storeFile, log })
  const isOutage = await run.sendAll(options)
  if (!isOutage) await run.checkEnd()
  report.finish()
  if (isOutage) print('The store of the server does not respond: start it, and run the fuzzer again.')
  if (isOutage) return EXIT_CODES.outage
  return report.findings > 0 ? EXIT_CODES.findings : EXIT_CODES.none
}

/** @throws UsageError if the server is on another machine and the user has not allowed that */
async function connectionOf({ url, allowRemote, isInsecure, caFile, timeoutMs }: FuzzOptions): Promise<Connection> {
  const { address, isLoopback } = await resolveHost(url.hostname).catch(() => {
    throw new UsageError(`${url.hostname} has no address.`)
  })
  if (!isLoopback && !allowRemote) {
    throw new UsageError(`${url.hostname} is another machine. If you have permission to attack it, add --allow-remote.`)
  }
  if (!isLoopback && isInsecure) throw new UsageError('--insecure is only for this machine: use --ca.')
  const ca = caFile === null ? undefined : readFileSync(caFile, 'utf8')
  const servername = isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 ? url.hostname : '' // No IP address may be one.
  const tls = url.protocol === 'https:' ? { servername, ca, rejectUnauthorized: !isInsecure } : null
  return { address, port: Number(url.port) || DEFAULT_PORTS[url.protocol]!, tls, timeoutMs }
}

/** The sessions of `--cookie`, or those that `--start` begins. */
async function openSessions(options: FuzzOptions, connection: Connection, place: Place): Promise<TestSession[]> {
  const { cookies, start } = options
  const sessions: (TestSession | null)[] = []
  for (const cookie of cookies) sessions.push(await describeSession(connection, place, cookie, []))
  if (sessions.includes(null)) throw new UsageError('A --cookie is not that of a session, or the session has ended.')
  while (cookies.length === 0 && sessions.length < MAX_SESSIONS) {
    const marker = `marker-${randomUUID()}`
    const { session, response } = await beginSession(connection, place, start ?? DEFAULT_START, marker)
    if (!session && start) throw new UsageError(withoutSession(response))
    sessions.push(session)
  }
  return sessions.filter(session => session !== null)
}

function withoutSession({ status, outcome }: FuzzResponse): string {
  const hint = status === FORBIDDEN ? ' If the server is configured with another origin, give it with --origin.' : ''
  return `The request of --start has begun no session. Response: ${status ?? outcome}.${hint}`
}
