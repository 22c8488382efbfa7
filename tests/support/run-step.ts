import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** How many tests a step ran, by outcome. */
export interface Tally {
  passed: number
  failed: number
  skipped: number
  /** Each failed test or broken step, with the reason. */
  failures: Failure[]
  /** Each test that ran, with its milliseconds. */
  times: TestTime[]
}

export interface Failure {
  readonly name: string
  readonly reason: string
}

export interface TestTime {
  readonly name: string
  readonly ms: number
}

/** A part of `npm test`. It throws if it breaks. */
export interface Step {
  name: string
  /** The steps that must have ended without an error before this one starts. */
  needs?: string[]
  /** The work of a step that runs no tests. */
  run?(): unknown
  /** The work of a step that runs tests. */
  count?(): Promise<Tally>
}

const BIN = join(import.meta.dirname, '../../node_modules/.bin')

/**
 * Runs each step as soon as the steps that it needs have ended, and prints its name and time. A broken step counts as
 * one failed test.
 *
 * A failure does not stop other steps, so one run shows everything. Only steps that need a broken one are skipped.
 */
export async function runSteps(steps: Step[]): Promise<Tally> {
  const outcomes = new Map<string, Promise<Tally | Error>>()
  for (const step of steps) {
    const needed = (step.needs ?? []).flatMap(name =>
      outcomes.has(name) ? [{ name, outcome: outcomes.get(name)! }] : [],
    )
    outcomes.set(step.name, runAfter(step, needed))
  }
  const total = noTests()
  for (const [name, pending] of outcomes) {
    const outcome = await pending
    if (outcome instanceof Error) {
      total.failed++
      total.failures.push({ name, reason: outcome.message })
    }
    else {
      for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += outcome[key]
      total.failures.push(...outcome.failures)
      total.times.push(...outcome.times)
    }
  }
  return total
}

/** The tally of a step that runs no tests. */
export function noTests(): Tally {
  return { passed: 0, failed: 0, skipped: 0, failures: [], times: [] }
}

/**
 * Runs a command of node_modules/.bin, with that folder and so its Node first on the PATH. Prints its output line by
 * line after its name. Resolves with its exit code.
 */
export async function runCommand(command: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  const path = `${BIN}${delimiter}${process.env.PATH}`
  const child = spawn(join(BIN, command), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, ...env },
  })
  const printed = [child.stdout, child.stderr].map(stream => printLines(stream, command))
  const [code] = (await once(child, 'exit')) as [number | null]
  await Promise.all(printed)
  return code ?? 1
}

/** As {@link runCommand}, but throws on any exit code other than 0. */
export async function mustRun(command: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const code = await runCommand(command, args, env)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
}

async function printLines(stream: Readable, name: string): Promise<void> {
  for await (const line of createInterface(stream)) console.log(`${name} │ ${line}`)
}

async function runAfter(
  step: Step,
  needed: { name: string, outcome: Promise<Tally | Error> }[],
): Promise<Tally | Error> {
  const ended = await Promise.all(needed.map(async ({ name, outcome }) => ({ name, outcome: await outcome })))
  const missing = ended.filter(({ outcome }) => outcome instanceof Error).map(({ name }) => name)
  if (missing.length === 0) return runStep(step)
  const error = new Error(`not run, it needs ${missing.join(', ')}`)
  console.log(`\n✖ ${step.name}: ${error.message}`)
  return error
}

async function runStep({ name, run, count }: Step): Promise<Tally | Error> {
  console.log(`\n▶ ${name}`)
  const start = performance.now()
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
  try {
    await run?.()
    const tally = (await count?.()) ?? noTests()
    console.log(`${tally.failed > 0 ? '✖' : '✔'} ${name}: ${seconds()}`)
    return tally
  }
  catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    console.log(`✖ ${name}: ${seconds()}: ${error.message}`)
    return error
  }
}
