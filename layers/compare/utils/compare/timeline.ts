import type { Result } from './result'

/** One bar on the time axis, in milliseconds since the job began. */
export interface Bar {
  kind: 'preflight' | 'request' | 'failure'
  label: string
  from: number
  to: number
}

/**
 * Returns the requests of a result as bars: those that the page made and, over their starts, the preflights that only
 * the server saw.
 */
export function barsOf({ made, seen, totalMs }: Result): Bar[] {
  const start = made[0]?.startedAt ?? 0
  const clamped = (at: number) => Math.min(Math.max(at - start, 0), totalMs)
  return [
    ...made.map(({ method, status, startedAt, durationMs }): Bar => ({
      kind: status === 200 ? 'request' : 'failure',
      label: method,
      from: clamped(startedAt),
      to: clamped(startedAt + durationMs),
    })),
    ...seen.filter(({ step }) => step === 'preflight').map(({ at, durationMs }): Bar => ({
      kind: 'preflight',
      label: 'OPTIONS',
      from: clamped(at),
      to: clamped(at + durationMs),
    })),
  ]
}

/** Returns round values for the ticks of an axis from 0 to `maxMs`: two to five if `maxMs` is at least 1. */
export function ticksOf(maxMs: number): number[] {
  const rough = Math.max(maxMs, 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough)!
  return Array.from({ length: Math.floor(maxMs / step) + 1 }, (_, index) => index * step)
}
