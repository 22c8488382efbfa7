import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeenRequest, Step } from '../../shared/compare/log'
import type { Target } from '../../shared/compare/origins'
import { SCENARIOS } from '../../shared/compare/scenarios'
import type { Scenario } from '../../shared/compare/scenarios'
import { readSmallBody } from './body'
import { cookieAttributes, readCookie, setCookieLine } from './cookie'
import { corsHeadersFor } from './cors'
import type { Run, Runs } from './runs'

/** A path of the comparison: `/_compare/RUN/SCENARIO/SAMPLE/STEP`. */
const PATH = /^(\/_compare\/([\w-]{36})\/([\w-]{1,40})\/(\d{1,2}))\/(job|probe)$/

interface Visit {
  run: Run
  scenario: Scenario | null
  sample: number
  /** The scenario's part of the path, which is the path of its cookie. */
  path: string
  step: Step
}

interface Reply {
  status: number
  body?: object
  headers: Record<string, string>
  cookieSet?: string
}

/**
 * Responds to the comparison's requests as one of its three origins, and records them in the run. Its settings are
 * wrong on purpose and its state is separate: it never touches the session.
 *
 * @returns false, without a response, if the path names no run and scenario of this origin
 */
export async function answerJob(
  request: IncomingMessage,
  response: ServerResponse,
  runs: Runs,
  target: Target,
): Promise<boolean> {
  const visit = visitOf(request, runs, target)
  if (!visit) return false
  const at = epochNow()
  const writtenBefore = request.socket.bytesWritten
  const body = await readSmallBody(request)
  if (visit.scenario && visit.step !== 'probe') await sleep(visit.run.delayMs)
  const reply = replyTo(visit, request, body)
  const entry = seenBy(visit, request, body, at, reply)
  visit.run.seen.push(entry)
  response.writeHead(reply.status, headersOf(reply, visit))
  response.end(reply.body && JSON.stringify(reply.body))
  entry.durationMs = epochNow() - at
  entry.responseBytes = request.socket.bytesWritten - writtenBefore
  return true
}

function visitOf({ url, method }: IncomingMessage, runs: Runs, target: Target): Visit | null {
  const [, path, runId, name, sample, last] = PATH.exec(url ?? '') ?? []
  const run = runs.find(runId ?? '')
  if (!run || !path || !name) return null
  if (name === 'warm-up') return { run, scenario: null, sample: 0, path, step: 'warm-up' }
  const scenario = SCENARIOS.find(({ id }) => id === name)
  const step = stepOf(method, last)
  if (scenario?.target !== target || !step) return null
  return { run, scenario, sample: Number(sample), path, step }
}

function stepOf(method: string | undefined, last: string | undefined): Step | null {
  if (last === 'probe') return method === 'GET' ? 'probe' : null
  const steps: Record<string, Step> = { GET: 'issue', POST: 'check', OPTIONS: 'preflight' }
  return steps[method ?? ''] ?? null
}

function replyTo({ run, scenario, step, path }: Visit, request: IncomingMessage, body: string): Reply {
  if (!scenario || step === 'probe') return { status: 204, headers: {} }
  const headers = corsHeadersFor(scenario.server, run.origin, step === 'preflight')
  if (step === 'preflight') return { status: scenario.server.cors?.answersPreflight ? 204 : 404, headers }
  const cookie = readCookie(request.headers.cookie)
  if (step === 'check') return { ...check(run, cookie, body), headers }
  const key = randomUUID()
  const id = randomUUID()
  run.values.set(key, id)
  const attributes = cookieAttributes(scenario.server.cookie, path)
  return {
    status: 200,
    body: { id },
    headers: { ...headers, 'set-cookie': setCookieLine(key, attributes) },
    cookieSet: attributes,
  }
}

function check(run: Run, cookie: string | null, body: string): { status: number, body: object } {
  const kept = run.values.get(cookie ?? '')
  if (kept === undefined) return { status: 401, body: { message: 'There is no session.' } }
  return sentValue(body) === kept
    ? { status: 200, body: { message: 'Success!' } }
    : { status: 422, body: { message: 'The data in the session does not match!' } }
}

function sentValue(body: string): unknown {
  try {
    return (JSON.parse(body) as { session?: unknown } | null)?.session
  }
  catch {
    return undefined
  }
}

/** `Timing-Allow-Origin` lets the page read the times and sizes of responses of other origins. */
function headersOf({ headers, body }: Reply, { run }: Visit): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'vary': 'Origin, Cookie',
    'timing-allow-origin': run.origin,
    ...(body && { 'content-type': 'application/json' }),
    ...headers,
  }
}

function seenBy(
  { scenario, sample, step }: Visit,
  request: IncomingMessage,
  body: string,
  at: number,
  { status, headers, cookieSet }: Reply,
): SeenRequest {
  const sent = (name: string) => (request.headers[name] as string | undefined) ?? null
  return {
    scenario: scenario?.id ?? '',
    sample,
    step,
    method: request.method ?? '',
    at,
    durationMs: 0,
    status,
    origin: sent('origin'),
    secFetchSite: sent('sec-fetch-site'),
    contentType: sent('content-type'),
    cookieSent: readCookie(request.headers.cookie) !== null,
    cookieSet: cookieSet ?? null,
    cors: Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-'))),
    requestBytes: headBytes(request) + Buffer.byteLength(body),
    responseBytes: 0,
  }
}

function headBytes({ method, url, rawHeaders }: IncomingMessage): number {
  // ': ' after each name, CRLF after each value.
  const fields = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0)
  return `${method} ${url} HTTP/1.1\r\n\r\n`.length + fields
}

function epochNow(): number {
  return performance.timeOrigin + performance.now()
}
