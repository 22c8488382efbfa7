import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'

/** How many tests a step ran, by outcome. */
export interface Tally {
  passed: number
  failed: number
  skipped: number
  /** Each test that failed, or step that broke, and why. */
  failures: string[]
}

/** A part of `npm test`. It throws if it breaks. */
export interface Step {
  name: string
  /** The steps without which this one cannot run. */
  needs?: string[]
  /** What a step does that runs no tests. */
  run?(): unknown
  /** What a step does that runs tests. */
  count?(): Promise<Tally>
}

const BIN = join(import.meta.dirname, '../../node_modules/.bin')

/**
 * Runs steps in order and prints each one's name and time; a broken step counts as one failed test.
 *
 * A failure does not stop the others, so that one run tells everything; only steps that need a broken one are left out.
 */
export async function runSteps(steps: Step[]): Promise<Tally> {
  const total: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] }
  const broken = new Set<string>()
  for (const step of steps) {
    const outcome = await runStep(step, broken)
    if (outcome instanceof Error) {
      broken.add(step.name)
      total.failed++
      total.failures.push(`${step.name}: ${outcome.message}`)
    }
    else {
      for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += outcome[key]
      total.failures.push(...outcome.failures)
    }
  }
  return total
}

/** Runs a command of node_modules/.bin with this Node first on the PATH; resolves with its exit code. */
export async function runCommand(command: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  const path = `${BIN}${delimiter}${process.env.PATH}`
  const child = spawn(join(BIN, command), args, { stdio: 'inherit', env: { ...process.env, PATH: path, ...env } })
  const [code] = await once(child, 'exit') as [number | null]
  return code ?? 1
}

/** As {@link runCommand}, but throws on any exit code other than 0. */
export async function mustRun(command: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const code = await runCommand(command, args, env)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
}

async function runStep({ name, needs = [], run, count }: Step, broken: Set<string>): Promise<Tally | Error> {
  const missing = needs.filter(need => broken.has(need))
  if (missing.length > 0) {
    const error = new Error(`not run, it needs ${missing.join(', ')}`)
    console.log(`\n✖ ${name}: ${error.message}`)
    return error
  }
  console.log(`\n▶ ${name}`)
  const start = performance.now()
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
  try {
    await run?.()
    const tally = await count?.() ?? { passed: 0, failed: 0, skipped: 0, failures: [] }
    console.log(`${tally.failed > 0 ? '✖' : '✔'} ${name}: ${seconds()}`)
    return tally
  }
  catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    console.log(`✖ ${name}: ${seconds()}: ${error.message}`)
    return error
  }
}
