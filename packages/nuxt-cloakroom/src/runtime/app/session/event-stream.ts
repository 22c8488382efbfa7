import type { SessionEndReason } from '../../shared/types/session'

const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 30_000

export interface StreamListener {
  changed: () => void
  ended: (reason: SessionEndReason) => void
  /** Refreshes the state after the stream broke: whether there is a session to follow, or `null` without a response. */
  refresh: () => Promise<boolean | null>
}

/**
 * The back-off before attempt number `attempt` (from 0), in milliseconds: doubling, and never the same for all
 * browsers.
 */
export function backOffDelay(attempt: number, random = Math.random()): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random / 2)
}

/**
 * Calls `lead` in one tab of this browser, and in the next one when that is closed. In a browser without Web Locks
 * every tab leads.
 *
 * @param name of the lock, the same in all tabs of this app
 * @param until resigns when aborted
 */
export function whenLeader(name: string, lead: () => void, until: AbortSignal): void {
  if (!('locks' in navigator)) return lead()
  const hold = () => new Promise<void>((resign) => {
    until.addEventListener('abort', () => resign(), { once: true })
    lead()
  })
  // It fails only if it is aborted while waiting.
  navigator.locks.request(name, { signal: until }, hold).catch(() => {})
}

/**
 * Follows the session's event stream, and reconnects when it breaks. EventSource's own reconnection gives up forever at
 * the first 503 and has no back-off.
 */
export function followSession(url: string, listener: StreamListener) {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0
  let generation = 0

  function stop() {
    generation++
    clearTimeout(timer)
    timer = undefined
    source?.close()
    source = undefined
  }

  function open() {
    stop()
    source = new EventSource(url)
    source.addEventListener('hello', () => {
      // Events of the time without a connection were missed.
      if (attempt > 0) listener.changed()
      attempt = 0
    })
    source.addEventListener('changed', () => listener.changed())
    source.addEventListener('ended', ({ data }: MessageEvent<string>) => {
      stop()
      listener.ended((JSON.parse(data) as { reason: SessionEndReason }).reason)
    })
    source.addEventListener('error', reconnectLater)
  }

  function reconnectLater() {
    stop()
    timer = setTimeout(reconnect, backOffDelay(attempt++))
  }

  async function reconnect() {
    stop()
    const current = generation
    const hasSession = await listener.refresh()
    if (current !== generation) return
    if (hasSession) open()
    else if (hasSession === null) reconnectLater()
  }

  return {
    open,
    stop,
    /** Reconnects without waiting for the back-off. */
    reconnectNow() {
      if (timer !== undefined) void reconnect()
    },
  }
}
