import type { Socket } from 'node:net'

const TICK_INTERVAL_MS = 100
const TICKS_PER_SECOND = 1000 / TICK_INTERVAL_MS
/** How many requests of one attack run at the same time. */
const MAX_PENDING = 200

/** What an attack has done so far. */
export interface Progress {
  /** Connections that are open now. */
  open: number
  /** Requests or connections in total. */
  total: number
  /** How often there was each outcome: a status, `closed` for a connection, or `failed`. */
  readonly outcomes: Record<string, number>
}

export const newProgress = (): Progress => ({ open: 0, total: 0, outcomes: {} })

export function countOutcome({ outcomes }: Progress, outcome: string | number): void {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
}

/** Calls `act` so many times a second. */
export function repeat(perSecond: number, progress: Progress, act: () => Promise<number | string>) {
  let due = 0
  setInterval(() => {
    due = Math.min(due + perSecond / TICKS_PER_SECOND, perSecond)
    for (; due >= 1 && progress.open < MAX_PENDING; due--) void once()
  }, TICK_INTERVAL_MS)

  async function once() {
    progress.open++
    progress.total++
    countOutcome(progress, await act().catch(() => 'failed'))
    progress.open--
  }
}

/** Holds so many connections open, and opens at most `perSecond` new ones, also for those that the server closes. */
export function hold(
  count: number,
  perSecond: number,
  progress: Progress,
  open: (index: number) => Promise<Socket>,
) {
  let opening = 0
  let due = 0
  setInterval(() => {
    due = Math.min(due + perSecond / TICKS_PER_SECOND, perSecond)
    for (; due >= 1 && progress.open + opening < count; due--) void once()
  }, TICK_INTERVAL_MS)

  async function once() {
    opening++
    try {
      const socket = await open(progress.total++)
      progress.open++
      socket.once('close', () => {
        progress.open--
        countOutcome(progress, 'closed')
      })
    }
    catch {
      countOutcome(progress, 'failed')
    }
    finally {
      opening--
    }
  }
}
