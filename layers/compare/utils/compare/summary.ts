import type { Target } from '../../shared/compare/origins'
import type { Result } from './result'

/** The right way on one origin, and how it compares with the page's own. */
export interface TargetSummary {
  target: Target
  /** Of those that work, the one in the middle by time; null: it does not work in this browser. */
  typical: Result | null
  /** Over the page's own origin; null where one of the two does not work. */
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
