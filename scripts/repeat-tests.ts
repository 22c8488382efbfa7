import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Tally } from '../tests/support/run-step.ts'

// `npm run test:repeat -- --runs 10`: runs the whole suite that many times, each time in a new clone, while busy
// loops use every core. Path, time zone, locale and `CI` vary from run to run. Reports which tests failed, and how
// often. Tests the commit that HEAD points to when it starts.
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

const { runs: wanted, load } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, load: { type: 'boolean', default: true } },
  allowNegative: true,
}).values
if (!/^[1-9]\d*$/.test(wanted)) throw new Error(`--runs is ${wanted}, which is not a count.`)
const runs = Array.from({ length: Number(wanted) }, (_, index): Run => ({
  number: index + 1,
  folder: FOLDERS[index % FOLDERS.length]!,
  env: SURROUNDINGS[index % SURROUNDINGS.length]!,
}))

mkdirSync(LOGS, { recursive: true })
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
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

/** Runs the suite once, in a new clone. Returns the names of the failed tests or commands. */
async function repeat({ number, folder, env }: Run): Promise<string[]> {
  const clone = join(base, folder)
  const log = join(LOGS, `run-${number}.log`)
  const start = performance.now()
  execFileSync('git', ['clone', '--quiet', '--no-checkout', ROOT, clone])
  execFileSync('git', ['checkout', '--quiet', '--detach', commit], { cwd: clone })
  const { passed, failed } = await test(clone, { ...process.env, ...env }, log)
  rmSync(clone, { recursive: true, force: true })
  const minutes = ((performance.now() - start) / 60_000).toFixed(1)
  console.log(`run ${number} of ${runs.length}: ${passed} passed, ${failed.length} failed, ${minutes} min (${log})`)
  for (const name of failed) console.log(`  ✖ ${name}`)
  return failed
}

async function test(clone: string, env: NodeJS.ProcessEnv, log: string): Promise<{ passed: number, failed: string[] }> {
  const output = openSync(log, 'w')
  const npm = async (...args: string[]) => {
    const [code] = (await once(spawn('npm', args, { cwd: clone, env, stdio: ['ignore', output, output] }), 'exit')) as [
      number | null,
    ]
    return code
  }
  try {
    if ((await npm('ci', '--prefer-offline')) !== 0) return { passed: 0, failed: ['npm ci'] }
    const code = await npm('test')
    const summary = join(clone, 'test-results/summary.json')
    if (!existsSync(summary)) return { passed: 0, failed: [`npm test, which ended with ${code} before any test`] }
    const { passed, failures } = JSON.parse(readFileSync(summary, 'utf8')) as Tally
    const failed = failures.map(({ name }) => name)
    return { passed, failed: code === 0 || failed.length > 0 ? failed : [`npm test, which ended with ${code}`] }
  }
  finally {
    closeSync(output)
  }
}

function startBusyLoops(): ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }),
  )
}
