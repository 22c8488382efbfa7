import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCertificate } from '../certs/certificate.ts'
import { ensureBrowsers } from './support/browser.ts'
import { buildFixture } from './support/fixture-build.ts'
import { buildPackedApp } from './support/packed-app.ts'
import { seed } from './support/limits.ts'
import { findRedis } from './support/redis.ts'
import { runCounted, summary, tallyPlaywright, tallyVitest } from './support/reports.ts'
import { mustRun, runCommand, runSteps, type Step } from './support/run-step.ts'

// `npm test`: runs all tests, after installing and building what they need. `--no-build` uses the existing build.
const root = join(import.meta.dirname, '..')
const reports = join(root, 'test-results')
const vitestReport = join(reports, 'vitest.json')
const playwrightReport = join(reports, 'playwright.json')

const steps: Step[] = [
  { name: 'tools', run: printTools },
  { name: 'certificates', run: () => ensureCertificate() },
  { name: 'build', needs: ['certificates'], run: () => mustRun('nuxt', ['build']) },
  { name: 'fixture app', run: () => buildFixture() },
  // The tests that need the packed apps wait for them; all other tests start without them.
  { name: 'packed apps', run: buildPackedApps },
  { name: 'cross-origin client', run: () => mustRun('vite', ['build', 'tests/fixtures/cross-origin-client']) },
  { name: 'Vitest', needs: ['tools', 'certificates', 'build', 'fixture app'], count: runVitest },
  {
    name: 'browser tests',
    needs: ['tools', 'certificates', 'build', 'fixture app', 'cross-origin client'],
    count: runPlaywright,
  },
]

process.chdir(root)
mkdirSync(reports, { recursive: true })
console.log(`What is random in the tests begins with FUZZ_SEED=${seed}.`)
const skipBuild = process.argv.includes('--no-build')
const total = await runSteps(steps.filter(({ name }) => !(skipBuild && name === 'build')))
if (total.passed === 0) console.log('\nNo test passed: that is a failure too.')
writeFileSync(join(reports, 'summary.json'), JSON.stringify(total, null, 2))
console.log(`\n${summary(total)}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

async function buildPackedApps(): Promise<void> {
  await buildPackedApp('npm')
  await buildPackedApp('pnpm')
}

function runVitest() {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`]
  return runCounted(vitestReport, tallyVitest, () => runCommand('vitest', args, { FUZZ_SEED: String(seed) }))
}

function runPlaywright() {
  const args = ['test', '--reporter=list,json']
  return runCounted(playwrightReport, tallyPlaywright, () =>
    runCommand('playwright', args, { PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport }),
  )
}

/** Sequential: two package managers running concurrently would wait for each other's lock. */
function printTools(): void {
  console.log(ensureBrowsers()?.full ?? 'No browser found, none installed: the browser tests will be skipped.')
  console.log(findRedis() ?? 'No Redis found, none installed: the tests on Redis will be skipped.')
}
