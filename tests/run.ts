import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCertificate } from '../certs/certificate.ts'
import { ensureBrowsers } from './support/browser.ts'
import { buildFixture } from './support/fixture-build.ts'
import { beginLeakSearch, searchForLeaks } from './support/leak-search.ts'
import { buildPackedApp } from './support/packed-app.ts'
import { seed } from './support/limits.ts'
import { findRedis } from './support/redis.ts'
import { runCounted, summary, tallyPlaywright, tallyVitest } from './support/reports.ts'
import { mustRun, runCommand, runSteps, type Step } from './support/run-step.ts'

// `npm test`: runs all tests, after installing and building what they need. `--no-build` uses the existing build.
const root = join(import.meta.dirname, '..')
const reports = join(root, 'test-results')
const leakFolder = join(reports, 'leaks')

const steps: Step[] = [
  { name: 'tools', run: printTools },
  { name: 'certificates', run: () => ensureCertificate() },
  { name: 'build', needs: ['certificates'], run: () => mustRun('nuxt', ['build']) },
  { name: 'fixture app', run: () => buildFixture() },
  { name: 'packed apps', run: buildPackedApps },
  { name: 'cross-origin client', run: () => mustRun('vite', ['build', 'tests/fixtures/cross-origin-client']) },
  {
    name: 'Vitest',
    needs: ['tools', 'certificates', 'build', 'fixture app'],
    count: () => runVitest('vitest', ['unit', 'faults', 'nuxt']),
  },
  {
    name: 'browser tests',
    needs: ['tools', 'certificates', 'build', 'fixture app', 'cross-origin client'],
    count: () => runPlaywright('app'),
  },
  // Last, because the apps take longest to build.
  { name: 'Vitest in packed apps', needs: ['packed apps', 'Vitest'], count: () => runVitest('packed', ['packed']) },
  {
    name: 'browser tests in packed apps',
    needs: ['packed apps', 'browser tests'],
    count: () => runPlaywright('packed'),
  },
  {
    name: 'user data in logs',
    needs: ['Vitest in packed apps', 'browser tests in packed apps'],
    count: async () => searchForLeaks(leakFolder),
  },
]

process.chdir(root)
mkdirSync(reports, { recursive: true })
beginLeakSearch(leakFolder)
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
  for (const fixture of ['host', 'locales', 'spa'] as const) await buildPackedApp('npm', fixture)
}

function runVitest(name: string, projects: string[]) {
  const report = join(reports, `vitest-${name}.json`)
  const args = ['run', ...projects.map(project => `--project=${project}`), '--reporter=default', '--reporter=json']
  return runCounted(report, tallyVitest, () =>
    runCommand('vitest', [...args, `--outputFile.json=${report}`], { FUZZ_SEED: String(seed) }),
  )
}

function runPlaywright(project: string) {
  const report = join(reports, `playwright-${project}.json`)
  const args = ['test', `--project=${project}`, '--reporter=list,json', `--output=${join(reports, 'e2e', project)}`]
  return runCounted(report, tallyPlaywright, () =>
    runCommand('playwright', args, { PLAYWRIGHT_JSON_OUTPUT_FILE: report }),
  )
}

/** Sequential: two package managers running concurrently would wait for each other's lock. */
function printTools(): void {
  console.log(ensureBrowsers()?.full ?? 'No browser found, none installed: the browser tests will be skipped.')
  console.log(findRedis() ?? 'No Redis found, none installed: the tests on Redis will be skipped.')
}
