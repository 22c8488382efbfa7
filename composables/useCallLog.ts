import type { FetchContext } from 'ofetch'

/** One call of the page, as its log shows it. */
export interface Call {
  id: number
  method: string
  path: string
  /** HTTP status; `null` if no response came. */
  status: number | null
  durationMs: number
}

const MAX_CALLS = 5
const TIMEOUT_MS = 10_000

/** The last few calls of this page, the newest first, and the options for `$fetch` that record them. */
export function useCallLog() {
  const calls = ref<Call[]>([])
  const startedAt = new WeakMap<FetchContext['options'], number>()
  let count = 0

  function start({ options }: FetchContext) {
    startedAt.set(options, performance.now())
  }

  function record({ request, options, response }: FetchContext) {
    if (import.meta.server) return // Otherwise the browser's first render would differ.
    const durationMs = Math.round(performance.now() - (startedAt.get(options) ?? 0))
    const { method = 'GET' } = options
    const call = { id: ++count, method, path: String(request), status: response?.status ?? null, durationMs }
    calls.value = [call, ...calls.value].slice(0, MAX_CALLS)
  }

  // Without ofetch's retries, which would hide a 503 from the visitor.
  const recorded = { retry: 0, timeout: TIMEOUT_MS, onRequest: start, onResponse: record, onRequestError: record }
  return { calls, recorded }
}
