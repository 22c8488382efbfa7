import type { Target } from '../../shared/compare/origins'
import type { Result } from './result'

/** The right way on one origin, compared with the page's own origin. */
export interface TargetSummary {
  target: Target
  /** Of the results that work, the median by time; null if it does not work in this browser. */
  typical: Result | null
  /** Relative to the page's own origin; null if one of the two does not work. */
  timeRatio: number | null
  requestRatio: number | null
}

/** Compares the right way on each origin, each done several times. */
export function summarize(samples: Record<Target, Result[]>): TargetSummary[] {
  const own = typicalOf(samples['same-origin'])
  return (Object.keys(samples) as Target[]).map((target) => {
    const typical = typicalOf(samples[target])
    return {
      target,
      typical,
      timeRatio: own && typical && typical.totalMs / own.totalMs,
      requestRatio: own && typical && typical.seen.length / own.seen.length,
    }
  })
}

function typicalOf(results: Result[]): Result | null {
  const sorted = results.filter(({ outcome }) => outcome === 'works').toSorted((a, b) => a.totalMs - b.totalMs)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}
