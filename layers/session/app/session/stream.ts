import type { SessionEndReason } from '../../shared/types/session'

const PATH = '/api/_session/events'
const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000

export interface StreamListener {
  changed: () => void
  ended: (reason: SessionEndReason) => void
  /** Asks how things stand, after the stream broke off: whether there is a session to follow, or `null` if nobody answers. */
  ask: () => Promise<boolean | null>
}

/** Milliseconds to wait before try number `attempt` (from 0): doubling, and never the same for all browsers at once. */
export function reconnectDelay(attempt: number, random = Math.random()): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random / 2)
}

/**
 * Follows the session's event stream, and takes it up again when it breaks off. Not by EventSource's own reconnection, which gives up for ever at the first
 * 503 and knows no back-off.
 */
export function followSession(listener: StreamListener) {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0
  let turn = 0

  function stop() {
    turn++
    clearTimeout(timer)
    timer = undefined
    source?.close()
    source = undefined
  }

  function open() {
    stop()
    const opened = source = new EventSource(PATH)
    opened.addEventListener('hello', () => {
      // What happened while it was away, nobody has told us.
      if (attempt > 0) listener.changed()
      attempt = 0
    })
    opened.addEventListener('changed', () => listener.changed())
    opened.addEventListener('ended', ({ data }: MessageEvent<string>) => {
      stop()
      listener.ended((JSON.parse(data) as { reason: SessionEndReason }).reason)
    })
    opened.addEventListener('error', later)
  }

  function later() {
    stop()
    timer = setTimeout(again, reconnectDelay(attempt++))
  }

  async function again() {
    stop()
    const mine = turn
    const session = await listener.ask()
    if (mine !== turn) return
    if (session) open()
    else if (session === null) later()
  }

  return {
    open,
    stop,
    /** Tries at once what would be tried later. */
    hurry: () => void (timer !== undefined && again()),
  }
}
