import type { Scenario } from '../../shared/compare/scenarios'
import type { MadeRequest } from './result'

/** A scenario that takes longer than this has failed. */
const TIMEOUT_MS = 10_000

/**
 * Does the job once, like a page: requests a value, sends it back and reads the result of the check. Stops at the
 * first failure, which is a result too.
 */
export async function measure(scenario: Scenario, base: string): Promise<MadeRequest[]> {
  const url = `${base}/job`
  const issued = await request(scenario, url, 'issue')
  if (issued.status !== 200) return [issued]
  const { id } = JSON.parse(issued.message) as { id: string }
  const checked = await request(scenario, url, 'check', id)
  return [{ ...issued, message: 'a value' }, checked]
}

/**
 * Sends a request that any page may send, only to find out whether the browser attaches the cookie. The result is in
 * the server's log.
 */
export async function probe(base: string, credentials: 'include' | 'omit' = 'include'): Promise<void> {
  await fetch(`${base}/probe`, {
    mode: 'no-cors',
    credentials,
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null)
}

async function request({ client }: Scenario, url: string, step: 'issue' | 'check', id?: string): Promise<MadeRequest> {
  const method = step === 'issue' ? 'GET' : 'POST'
  const headers = {
    ...(step === 'check' && { 'Content-Type': client.contentType }),
    ...(client.extraHeader && { 'X-Requested-With': 'fetch' }),
  }
  const body = step === 'check' ? JSON.stringify({ session: id }) : undefined
  performance.clearResourceTimings()
  const start = performance.now()
  const answer = await read(() =>
    fetch(url, {
      method,
      headers,
      body,
      credentials: client.credentials,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }),
  )
  const durationMs = performance.now() - start
  return { step, method, startedAt: performance.timeOrigin + start, durationMs, ...answer, timing: timingOf(url) }
}

async function read(call: () => Promise<Response>): Promise<Pick<MadeRequest, 'status' | 'message'>> {
  try {
    const response = await call()
    const text = await response.text()
    return {
      status: response.status,
      message: response.status === 200 && text.startsWith('{"id"') ? text : messageOf(text),
    }
  }
  catch (error) {
    return { status: null, message: String(error) }
  }
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message)
  }
  catch {
    return text.slice(0, 200)
  }
}

function timingOf(url: string): MadeRequest['timing'] {
  const entry = performance.getEntriesByName(url, 'resource').at(-1) as PerformanceResourceTiming | undefined
  return entry
    ? { durationMs: entry.duration, transferSize: entry.transferSize, encodedBodySize: entry.encodedBodySize }
    : null
}
