import type { DelayMs, SeenRequest } from '../../shared/compare/log'
import type { Target } from '../../shared/compare/origins'
import { SCENARIOS } from '../../shared/compare/scenarios'
import type { Scenario } from '../../shared/compare/scenarios'
import { measure, probe } from './measure'
import { toResult } from './result'
import type { Result } from './result'

/** How often the right way is measured on each origin; a single time on a busy machine means little. */
export const SAMPLES = 5

/** The settings and callbacks of a run. */
export interface RunOptions {
  origins: Record<Target, string>
  delayMs: DelayMs
  /** Called before each scenario. */
  onStart: (scenario: Scenario) => void
  onResult: (result: Result) => void
}

/**
 * Runs all scenarios, one after the other, so that none slows down another.
 *
 * @returns the results of the right way on each origin: {@link SAMPLES}, or one where it does not work
 * @throws if the page's own origin does not respond, because all results need its log
 */
export async function runScenarios({
  origins,
  delayMs,
  onStart,
  onResult,
}: RunOptions): Promise<Record<Target, Result[]>> {
  const { id } = await askOwn<{ id: string }>('/_compare/runs', { method: 'POST', body: JSON.stringify({ delayMs }) })
  const readLog = async () => (await askOwn<{ requests: SeenRequest[] }>(`/_compare/runs/${id}`)).requests
  const baseOf = ({ target, id: name }: Scenario, sample: number) =>
    `${origins[target]}/_compare/${id}/${name}/${sample}`
  await warmUp(Object.values(origins).map(origin => `${origin}/_compare/${id}/warm-up/0`))

  const samples: Record<Target, Result[]> = { 'same-origin': [], 'same-site': [], 'cross-site': [] }
  for (const scenario of SCENARIOS) {
    onStart(scenario)
    const made = await measure(scenario, baseOf(scenario, 0))
    await probe(baseOf(scenario, 0))
    const result = toResult(scenario, made, await readLog())
    onResult(result)
    if (scenario.kind === 'right') samples[scenario.target].push(result)
  }
  for (let sample = 1; sample < SAMPLES; sample++) {
    for (const { scenario, outcome } of Object.values(samples).map(results => results[0]!)) {
      onStart(scenario)
      if (outcome !== 'works') continue
      const made = await measure(scenario, baseOf(scenario, sample))
      samples[scenario.target].push(toResult(scenario, made, await readLog(), sample))
    }
  }
  return samples
}

/**
 * Opens the connections, so that no measured time includes that. A browser does not share connections between requests
 * with and without credentials; preflights are without.
 */
async function warmUp(bases: string[]): Promise<void> {
  await Promise.all(bases.flatMap(base => [probe(base, 'include'), probe(base, 'omit')]))
}

async function askOwn<T>(path: string, options?: RequestInit): Promise<T> {
  const response = await fetch(path, { ...options, cache: 'no-store' })
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
  return (await response.json()) as T
}
