import { cpSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce } from './build-once.ts'
import { run } from './fixture-build.ts'

const ROOT = join(import.meta.dirname, '../..')
const MODULE = 'packages/nuxt-cloakroom'
const FIXTURES = 'tests/fixtures'
/** In the folder of the app `spa`: what `nuxt generate` made, for static hosting. */
export const STATIC_FOLDER = 'static'

/** The version of Nuxt that the apps install instead of this repository's: `4.0.0`, the lowest, or `^4`, the newest. */
const { PACKED_APP_NUXT } = process.env
/** The newest is not what an earlier installation has left on this machine. */
const OFFLINE = PACKED_APP_NUXT === undefined ? ['--prefer-offline'] : []

export type PackageManager = 'npm' | 'pnpm'

/**
 * - `packed`: a small app, for the installation and the types
 * - `host`: what other people's apps do: a proxy, webhooks, CORS, cached and guarded pages
 * - `locales`: with i18n, nuxt-security and Pinia
 * - `spa`: without SSR, under a path
 */
export type PackedFixture = 'packed' | 'host' | 'locales' | 'spa'

/** What the apps use besides Nuxt and this module. */
const MODULES: Record<PackedFixture, Record<string, string>> = {
  packed: {},
  host: {},
  locales: {
    '@nuxtjs/i18n': '10.6.0',
    '@pinia/nuxt': '1.0.2',
    'nuxt-security': '2.6.0',
    'pinia': '4.1.0',
    'pinia-plugin-persistedstate': '4.7.1',
  },
  spa: { '@nuxtjs/i18n': '10.6.0' },
}

/** Each app has another version of TypeScript, and pnpm hoists nothing, so that only declared dependencies resolve. */
const SETUPS: Record<PackageManager, { typescript: string, install: string[], files: Record<string, string> }> = {
  npm: {
    typescript: '~6.0.3',
    install: ['install', ...OFFLINE, '--ignore-scripts', '--no-audit', '--no-fund'],
    files: {},
  },
  pnpm: {
    typescript: '~5.9.3',
    install: ['install', ...OFFLINE, '--ignore-scripts'],
    files: { 'pnpm-workspace.yaml': 'hoist: false\n' },
  },
}

/** Packs the module as for npm. Returns the path of the tarball. */
export async function packModule(): Promise<string> {
  const folder = await buildOnce('package', [MODULE], async (folder) => {
    await run(join(ROOT, MODULE), 'npm', 'pack', '--pack-destination', folder)
  })
  const [tarball] = readdirSync(folder)
  return join(folder, tarball!)
}

/** Installs the packed module in a user's app, in a separate folder, and builds that app. Returns the folder. */
export async function buildPackedApp(manager: PackageManager, fixture: PackedFixture = 'packed'): Promise<string> {
  const tarball = await packModule()
  const source = `${FIXTURES}/${fixture}`
  const name = `${fixture}-${manager}-${PACKED_APP_NUXT ?? 'same'}`
  return buildOnce(name, [MODULE, source], async (folder) => {
    const { install, files } = SETUPS[manager]
    cpSync(join(ROOT, source), folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest(manager, tarball, MODULES[fixture])))
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    await run(folder, manager, ...install)
    if (fixture === 'spa') {
      await run(folder, binary(folder, 'nuxt'), 'generate')
      renameSync(join(folder, '.output/public'), join(folder, STATIC_FOLDER))
    }
    await run(folder, binary(folder, 'nuxt'), 'build')
  })
}

/** Type-checks an app under these compiler options. @throws Error with the output if there are errors */
export async function typeCheck(folder: string, compilerOptions: Record<string, boolean>): Promise<void> {
  writeFileSync(join(folder, 'compiler-options.json'), JSON.stringify(compilerOptions))
  await run(folder, binary(folder, 'nuxt'), 'typecheck')
}

function binary(folder: string, name: string): string {
  return join(folder, 'node_modules/.bin', name)
}

function manifest(manager: PackageManager, tarball: string, modules: Record<string, string>): object {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Packages
  const { nuxt, vue, 'vue-router': router } = dependencies
  const versions = PACKED_APP_NUXT === undefined
    ? { nuxt, vue, 'vue-router': router }
    : { 'nuxt': PACKED_APP_NUXT, 'vue': 'latest', 'vue-router': PACKED_APP_NUXT === '4.0.0' ? '^4.5.0' : 'latest' }
  return {
    private: true,
    type: 'module',
    dependencies: { ...versions, ...modules, 'nuxt-cloakroom': `file:${tarball}` },
    devDependencies: { 'typescript': SETUPS[manager].typescript, 'vue-tsc': devDependencies['vue-tsc'] },
  }
}

interface Packages {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
}
