import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Tally } from '../tests/support/run-step.ts'

// `npm run test:repeat -- --runs 10`: runs the whole suite again and again, each time in a clone at another path, in another time zone and locale, with and without
// `CI`, while busy loops use every core. Reports which tests failed, and how often. Tests what is committed.
const ROOT = join(import.meta.dirname, '..')
const LOGS = join(ROOT, 'test-results/repeat')

const FOLDERS = ['c', 'a path with spaces', `a-folder-${'with-a-long-name-'.repeat(8)}`]
const SURROUNDINGS = [
  { CI: '', TZ: 'UTC', LC_ALL: 'C' },
  { CI: 'true', TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' },
  { CI: '', TZ: 'America/St_Johns', LC_ALL: 'ar_EG.UTF-8' },
  { CI: 'true', TZ: 'Asia/Kathmandu', LC_ALL: 'de_DE.UTF-8' },
]

interface Run {
  readonly number: number
  readonly folder: string
  readonly env: Record<string, string>
}

const { runs: wanted, load } = parseArgs({ options: { runs: { type: 'string', default: '10' }, load: { type: 'boolean', default: true } }, allowNegative: true }).values
const runs = Array.from({ length: Number(wanted) }, (_, index): Run => ({
  number: index + 1,
  folder: FOLDERS[index % FOLDERS.length]!,
  env: SURROUNDINGS[index % SURROUNDINGS.length]!,
}))

mkdirSync(LOGS, { recursive: true })
const base = mkdtempSync(join(tmpdir(), 'cloakroom-repeat-'))
const busyLoops = load ? startBusyLoops() : []
process.on('exit', () => {
  for (const child of busyLoops) child.kill('SIGKILL')
  rmSync(base, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const failures = new Map<string, number>()
for (const run of runs) {
  const names = await repeat(run)
  for (const name of names) failures.set(name, (failures.get(name) ?? 0) + 1)
}
console.log(failures.size === 0 ? `\nAll ${runs.length} runs passed.` : '\nFailed:')
for (const [name, times] of failures) console.log(`${times} of ${runs.length}: ${name}`)
process.exitCode = failures.size === 0 ? 0 : 1

/** Runs the suite once. Returns what failed. */
async function repeat({ number, folder, env }: Run): Promise<string[]> {
  const clone = join(base, folder)
  const log = join(LOGS, `run-${number}.log`)
  rmSync(clone, { recursive: true, force: true })
  rmSync(log, { force: true })
  const start = performance.now()
  const steps = [['git', 'clone', '--quiet', ROOT, clone], ['npm', 'ci', '--prefer-offline'], ['npm', 'test']]
  for (const [program, ...args] of steps) {
    const code = await runLogged(program!, args, program === 'git' ? ROOT : clone, { ...process.env, ...env }, log)
    if (code !== 0 && args[0] !== 'test') return report(number, start, { failures: [{ name: `${program} ${args[0]}`, reason: '' }] }, log)
  }
  const summary = join(clone, 'test-results/summary.json')
  const tally = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) as Tally : { failures: [{ name: 'npm test, before any test', reason: '' }] }
  rmSync(clone, { recursive: true, force: true })
  return report(number, start, tally, log)
}

function report(number: number, start: number, tally: Pick<Tally, 'failures'> & Partial<Tally>, log: string): string[] {
  const minutes = ((performance.now() - start) / 60_000).toFixed(1)
  const names = tally.failures.map(({ name }) => name)
  console.log(`run ${number} of ${runs.length}: ${tally.passed ?? 0} passed, ${names.length} failed, ${minutes} min (${log})`)
  for (const name of names) console.log(`  ✖ ${name}`)
  return names
}

async function runLogged(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv, log: string): Promise<number> {
  const file = openSync(log, 'a')
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', file, file] })
  const [code] = await once(child, 'exit') as [number | null]
  return code ?? 1
}

function startBusyLoops(): ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }))
}
