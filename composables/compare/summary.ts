import type { Target } from '../../shared/compare/origins'
import type { Result } from './result'

/** The right way on one origin, and how it compares with the page's own. */
export interface TargetSummary {
  target: Target
  /** Null: it does not work in this browser. */
  medianMs: number | null
  requests: number
  bytes: number
  /** Over the page's own origin; null where one of the two is not known. */
  timeRatio: number | null
  requestRatio: number | null
}

const TARGETS: Target[] = ['same-origin', 'same-site', 'cross-site']

/** Compares the right way on each origin. `times`: of each job that worked, by target. */
export function summarize(results: Result[], times: Record<Target, number[]>): TargetSummary[] {
  const rows = TARGETS.map((target) => {
    const result = results.find(({ scenario }) => scenario.target === target && scenario.kind === 'right')
    return { target, medianMs: median(times[target]), requests: result?.seen.length ?? 0, bytes: result?.bytes ?? 0 }
  })
  const own = rows[0]!
  return rows.map(row => ({
    ...row,
    timeRatio: row.medianMs !== null && own.medianMs ? row.medianMs / own.medianMs : null,
    requestRatio: row.medianMs !== null && own.requests ? row.requests / own.requests : null,
  }))
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return null
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
