import { join } from 'node:path'
import { ensureCertificate } from '../certs/certificate.ts'
import { seed } from '../tests/support/limits.ts'
import { runCounted, summary, tallyVitest } from '../tests/support/reports.ts'
import { mustRun, runCommand, runSteps, type Step } from '../tests/support/run-step.ts'

// `npm run test:soak`: runs the tests that depend on repetition, with far more repetitions than `npm test`.
// `npm run test:soak -- limits` fills all limits of a server instead: see soak-limits.ts.
const root = join(import.meta.dirname, '..')
const report = join(root, 'test-results', 'soak.json')
const files = [
  'kill',
  'processes',
  'races',
  'store-outage',
  'hostile-pages',
  'hostile-fuzz',
  'hostile-clients',
  'forged-flood',
  'rotation-load',
].map(name => `tests/faults/${name}.test.ts`)

const steps: Step[] = [
  { name: 'certificates', run: () => ensureCertificate() },
  { name: 'build', run: () => mustRun('nuxt', ['build']) },
  { name: 'soak', needs: ['certificates', 'build'], count: runSoak },
]

process.chdir(root)
if (process.argv[2] === 'limits') await import('./soak-limits.ts')
else await runAll()

async function runAll() {
  console.log(`What is random in the tests begins with FUZZ_SEED=${seed}.`)
  const total = await runSteps(steps)
  console.log(`\n${summary(total)}`)
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
}

/** Runs one file at a time: the tests load the machine, and must not slow down each other. */
function runSoak() {
  const args = [
    'run',
    '--project=faults',
    '--no-file-parallelism',
    '--reporter=verbose',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...files,
  ]
  return runCounted(report, tallyVitest, () => runCommand('vitest', args, { SOAK: '1', FUZZ_SEED: String(seed) }))
}
