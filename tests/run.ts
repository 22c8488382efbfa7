import { join } from 'node:path'
import { ensureCertificate } from '../certs/certificate.ts'
import { ensureBrowser } from './support/browser.ts'
import { seed } from './support/fuzzing.ts'
import { runCounted, summary, tallyPlaywright, tallyVitest } from './support/reports.ts'
import { mustRun, runCommand, runSteps, type Step } from './support/run-step.ts'

// `npm test`: everything there is to test, with everything that takes. `--no-build` tests the build that is there.
const root = join(import.meta.dirname, '..')
const reports = join(root, 'test-results')
const vitestReport = join(reports, 'vitest.json')
const playwrightReport = join(reports, 'playwright.json')

const steps: Step[] = [
  { name: 'certificates', run: () => ensureCertificate() },
  { name: 'build', run: () => mustRun('nuxt', ['build']) },
  { name: 'unit and fault tests', needs: ['certificates', 'build'], count: runVitest },
  { name: 'cross-origin client', run: () => mustRun('vite', ['build', 'tests/fixtures/cross-origin-client']) },
  { name: 'browser', run: announceBrowser },
  { name: 'browser tests', needs: ['certificates', 'build', 'cross-origin client', 'browser'], count: runPlaywright },
]

process.chdir(root)
console.log(`What is random in the tests begins with FUZZ_SEED=${seed}.`)
const skipBuild = process.argv.includes('--no-build')
const total = await runSteps(steps.filter(({ name }) => !(skipBuild && name === 'build')))
if (total.passed === 0) console.log('\nNo test passed: that is a failure too.')
// Once more, at the end: whoever gets the end of a log alone is to know what failed.
for (const failure of total.failures) console.log(`\n✖ ${failure}`)
console.log(`\n${summary(total)}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

function runVitest() {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`]
  return runCounted(vitestReport, tallyVitest, () => runCommand('vitest', args, { FUZZ_SEED: String(seed) }))
}

function runPlaywright() {
  const args = ['test', '--reporter=list,json']
  return runCounted(playwrightReport, tallyPlaywright, () => runCommand('playwright', args, { PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport }))
}

function announceBrowser(): void {
  console.log(ensureBrowser() ?? 'None found, none installed: the browser tests will be skipped.')
}
