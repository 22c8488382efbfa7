import type { DelayMs } from '../shared/compare/log'
import { otherOrigins } from '../shared/compare/origins'
import type { ComparisonPorts, Target } from '../shared/compare/origins'
import { SCENARIOS } from '../shared/compare/scenarios'
import type { Report } from '../utils/compare/export'
import type { Result } from '../utils/compare/result'
import { SAMPLES, runScenarios } from '../utils/compare/run'
import { summarize } from '../utils/compare/summary'

const RIGHT_ONES = SCENARIOS.filter(({ kind }) => kind === 'right').length
const STEPS = SCENARIOS.length + RIGHT_ONES * (SAMPLES - 1)

/** Runs the comparison and stores its results. */
export function useComparison() {
  const ports = useComparisonPorts()
  const { hostname, origin } = useRequestURL()
  const others = ports.value ? otherOrigins(hostname, ports.value) : null
  const origins = others && { 'same-origin': origin, ...others }

  const delayMs = ref<DelayMs>(0)
  const results = shallowRef<Result[]>([])
  const report = shallowRef<Report | null>(null)
  const progress = ref<{ done: number, total: number, title: string } | null>(null)
  const failure = ref<string | null>(null)

  async function run() {
    if (!origins || progress.value) return
    results.value = []
    report.value = null
    failure.value = null
    let started = 0
    progress.value = { done: 0, total: STEPS, title: 'Opening connections' }
    try {
      const samples = await runScenarios({
        origins,
        delayMs: delayMs.value,
        onStart: ({ title }) => (progress.value = { done: started++, total: STEPS, title }),
        onResult: result => (results.value = [...results.value, result]),
      })
      report.value = reportOf(origins, delayMs.value, results.value, samples)
    }
    catch (error) {
      failure.value = (error as Error).message
    }
    finally {
      progress.value = null
    }
  }

  return { origins, delayMs, results, report, progress, failure, run }
}

function reportOf(
  origins: Record<Target, string>,
  delayMs: DelayMs,
  results: Result[],
  samples: Record<Target, Result[]>,
): Report {
  return {
    takenAt: new Date().toISOString(),
    browser: navigator.userAgent,
    page: location.origin,
    origins,
    delayMs,
    summary: summarize(samples),
    results,
  }
}

/**
 * The ports of the comparison's listeners; `undefined` while the comparison is off.
 */
export function useComparisonPorts() {
  return useState<ComparisonPorts | undefined>('comparison-ports')
}
