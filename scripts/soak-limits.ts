import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mustRun } from '../tests/support/run-step.ts'
import { putBetween } from '../bench/lib/results.ts'
import { DEVICES_USER } from './limits/attacks.ts'
import type { Attack } from './limits/attacks.ts'
import { plotOf, problemsOf, summaryOf } from './limits/report.ts'
import type { Run } from './limits/report.ts'
import type { Sample } from './limits/samples.ts'
import { sampler } from './limits/samples.ts'
import type { Kind, Target } from './limits/target.ts'
import { startTarget } from './limits/target.ts'
import { registerAccounts, startUser } from './limits/user.ts'

// `npm run test:soak -- limits`: fills everything that a client can make a server hold, all at once, while a normal
// user signs in, reads, updates and signs out once a second. Plots the server's memory, descriptors and event-loop
// delay. Exits with 1 if memory does not level off, the log floods, or the user fails once.
//
// `--seconds 600` is the duration, `--server app` or `--server host` runs only one of the two servers, and `--write`
// puts the plots into docs/images and the figures into bench/RESULTS.md instead of test-results.
const ROOT = join(import.meta.dirname, '..')
const INTERVAL_MS = 1000
const MS_PER_SECOND = 1000

const { values: options } = parseArgs({
  allowPositionals: true, // The first one is `limits`.
  options: {
    seconds: { type: 'string', default: '600' },
    server: { type: 'string', default: 'both' },
    write: { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds)
if (!Number.isInteger(seconds) || seconds < 30) throw new Error(`--seconds is ${options.seconds}: at least 30.`)
const kinds: Kind[] = options.server === 'app' || options.server === 'host' ? [options.server] : ['app', 'host']

process.chdir(ROOT)
if (kinds.includes('app')) await mustRun('nuxt', ['build'])
for (const kind of kinds) if (!await soak(kind)) process.exitCode = 1

async function soak(kind: Kind): Promise<boolean> {
  const target = await startTarget(kind)
  try {
    const run = await attack(target)
    write(run)
    const problems = problemsOf(run)
    console.log(problems.length === 0 ? `${kind}: passed` : problems.map(problem => `${kind}: ${problem}`).join('\n'))
    return problems.length === 0
  }
  finally {
    await target.dispose()
  }
}

async function attack(target: Target): Promise<Run> {
  const { url, origin, kind, largestFile } = target
  const address = { url, origin, kind, largestFile }
  await registerAccounts(address, DEVICES_USER)
  const attackers = fork(join(import.meta.dirname, 'limits/attack-process.ts'), [JSON.stringify(address)])
  let attacks: Attack[] = []
  attackers.on('message', (message) => {
    attacks = message as Attack[]
  })
  let attackersExited = false
  attackers.once('exit', () => {
    attackersExited = true
  })
  const user = startUser(address)
  const samples: Sample[] = []
  const sample = sampler(target, user.record)
  const start = performance.now()
  let exited = false
  try {
    while (performance.now() - start < seconds * MS_PER_SECOND) {
      await sleep(INTERVAL_MS)
      samples.push(sample(Math.round((performance.now() - start) / MS_PER_SECOND)))
    }
  }
  catch (error) {
    console.error(error)
    exited = true // Its files under /proc are gone.
  }
  const run = { kind, samples, user: user.record, attacks, exited, attackersExited }
  attackers.kill('SIGKILL')
  await user.stop()
  if (samples.length === 0) throw new Error('The server ended before the first sample.')
  return run
}

function write(run: Run) {
  const { kind } = run
  const summary = summaryOf(run)
  console.log(`\n${summary}\n`)
  const folder = join(ROOT, options.write ? 'docs/images' : 'test-results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `limits-${kind}.svg`), plotOf(run))
  if (options.write) putBetween(`limits-${kind}`, summary)
  else writeFileSync(join(folder, `limits-${kind}.md`), `${summary}\n`)
}
