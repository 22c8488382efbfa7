import { parseArgs } from 'node:util'
import type { StartRequest } from './sessions'

export const HELP = `npx nuxt-cloakroom fuzz URL [options]

Sends invalid, forged and contradictory requests to a running app that uses nuxt-cloakroom, and reports each response
that breaks a rule. Start the app with a store of its own: the fuzzer begins sessions in it.

  --seed N            repeats the requests of the run with this seed
  --requests N        how many requests to send (2000)
  --only N            sends only request number N of the run
  --start REQUEST     begins a session, for example 'POST /api/login {"name":"{marker}"}'. Sent twice, for two sessions.
                      {marker} becomes a text that no other response may contain ('GET /')
  --cookie NAME=VALUE the session cookie of a session that exists already, instead of --start; up to two
  --path PATH         also sends requests to this path of the app; may be repeated
  --socket PATH       also opens WebSockets on this path; may be repeated
  --max-message BYTES the size of a message that no WebSocket of the app accepts (16777216)
  --origin ORIGIN     the origin of the app's pages, if a proxy would give it another one than the URL has
  --log FILE          the log of the server: fails if a value of a request or a stack trace is in it
  --store sqlite:FILE the store of the server: fails if a forged request has created a session
  --timeout SECONDS   how long the server may take for a response (10)
  --ca FILE           the certificate authority of the server, in PEM
  --insecure          does not verify the server's certificate; only for this machine
  --allow-remote      the server is on another machine, and you have permission to attack it
  --help              shows this text

Exit code: 0 without findings, 1 with findings, 2 if it could not run, 3 if the store of the server did not respond.`

export interface FuzzOptions {
  readonly url: URL
  /** `null`: a random one. */
  readonly seed: number | null
  readonly requests: number
  readonly only: number | null
  /** `null` if the user has given none. */
  readonly start: StartRequest | null
  /** Session cookies as `name=value`. */
  readonly cookies: readonly string[]
  readonly paths: readonly string[]
  readonly socketPaths: readonly string[]
  readonly messageBytes: number
  readonly origin: string
  readonly logFile: string | null
  readonly storeFile: string | null
  readonly timeoutMs: number
  readonly caFile: string | null
  readonly isInsecure: boolean
  readonly allowRemote: boolean
}

/** The command line is wrong, or the fuzzer cannot run with it. */
export class UsageError extends Error {}

const OPTIONS = {
  'seed': { type: 'string' },
  'requests': { type: 'string', default: '2000' },
  'only': { type: 'string' },
  'start': { type: 'string' },
  'cookie': { type: 'string', multiple: true },
  'path': { type: 'string', multiple: true },
  'socket': { type: 'string', multiple: true },
  'max-message': { type: 'string', default: String(16 * 1024 * 1024) },
  'origin': { type: 'string' },
  'log': { type: 'string' },
  'store': { type: 'string' },
  'timeout': { type: 'string', default: '10' },
  'ca': { type: 'string' },
  'insecure': { type: 'boolean', default: false },
  'allow-remote': { type: 'boolean', default: false },
  'help': { type: 'boolean', default: false },
} as const

const MAX_SESSIONS = 2
const SQLITE = 'sqlite:'
const START = /^([A-Z]+) (\/\S*)(?: (.+))?$/s
const COOKIE = /^[^=;\s]+=[^;\s]+$/

/** Reads the command line. Returns `null` for `--help`. @throws UsageError that says what to change */
export function parseArguments(args: readonly string[]): FuzzOptions | null {
  const { values, positionals: [command, address, ...rest] } = read(args)
  if (values.help) return null
  if (command !== 'fuzz' || address === undefined || rest.length > 0) throw new UsageError(HELP)
  const url = parseUrl(address)
  return {
    url,
    seed: values.seed === undefined ? null : parseNumber('--seed', values.seed),
    requests: parseNumber('--requests', values.requests),
    only: values.only === undefined ? null : parseNumber('--only', values.only),
    start: values.start === undefined ? null : parseStart(values.start),
    cookies: checkCookies(values.cookie ?? []),
    paths: (values.path ?? []).map(path => checkPath('--path', path)),
    socketPaths: (values.socket ?? []).map(path => checkPath('--socket', path)),
    messageBytes: parseNumber('--max-message', values['max-message']),
    origin: values.origin === undefined ? url.origin : parseUrl(values.origin).origin,
    logFile: values.log ?? null,
    storeFile: values.store === undefined ? null : parseStore(values.store),
    timeoutMs: 1000 * parseNumber('--timeout', values.timeout),
    caFile: values.ca ?? null,
    isInsecure: values.insecure,
    allowRemote: values['allow-remote'],
  }
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  }
  catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && ['http:', 'https:'].includes(url.protocol)) return url
  throw new UsageError(`${text} is not an address like https://localhost:3000.`)
}

function parseNumber(name: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new UsageError(`${name} needs a whole number, not ${text}.`)
}

function parseStart(text: string): StartRequest {
  const [, method, path, json = null] = START.exec(text) ?? []
  if (method && path) return { method, path, json }
  throw new UsageError('--start needs a method, a path and, if the request has a body, JSON: POST /api/login {}')
}

function checkCookies(pairs: readonly string[]): readonly string[] {
  if (pairs.length > MAX_SESSIONS) throw new UsageError('--cookie may be given twice at most.')
  if (pairs.every(pair => COOKIE.test(pair))) return pairs
  throw new UsageError('--cookie needs the name and the value of the session cookie: NAME=VALUE.')
}

function checkPath(name: string, path: string): string {
  if (/^\/\S*$/.test(path)) return path
  throw new UsageError(`${name} needs a path that begins with a slash, not ${path}.`)
}

function parseStore(text: string): string {
  if (text.startsWith(SQLITE)) return text.slice(SQLITE.length)
  throw new UsageError('--store needs sqlite: and a file. The sessions of other stores cannot be counted.')
}
