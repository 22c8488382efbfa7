import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { buildOnce } from './build-once.ts'

const ROOT = join(import.meta.dirname, '../..')
const APP = 'tests/fixtures/basic'
const MODULE = 'packages/nuxt-cloakroom'
const GENERATED = /\/(?:\.nuxt|\.output|\.data|node_modules|dist)$/
const FRAMEWORK_VARIABLE = /^(?:NUXT|NITRO|VITEST|VITE)(?:_|$)|^(?:NODE_ENV|PORT|HOST|TEST)$/

/**
 * Builds the fixture app from a copy that contains the app, the module and nothing else of this repository. Builds
 * once for as long as the sources stay the same, however many test files call it. Returns the app's folder.
 */
export async function buildFixture(): Promise<string> {
  const folder = await buildOnce('basic', [APP, MODULE], folder => run(copyFixture(folder), 'nuxt', 'build'))
  return join(folder, APP)
}

/**
 * Copies the fixture app and the module into an empty folder, with a link to this repository's packages. Returns the
 * app's folder there.
 */
export function copyFixture(folder: string): string {
  for (const part of [APP, MODULE]) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: source => !GENERATED.test(source) })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  return join(folder, APP)
}

/** Runs a program of this repository's packages, or of the system. @throws Error with its whole output if it fails */
export async function run(cwd: string, program: string, ...args: string[]): Promise<void> {
  const path = programPath(program)
  const child = spawn(existsSync(path) ? path : program, args, {
    cwd,
    env: fixtureEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}:\n${out}${err}`)
}

export function programPath(program: string): string {
  return join(ROOT, 'node_modules/.bin', program)
}

/** The shell's environment without its settings for Nuxt, Nitro and the test runner. */
export function fixtureEnvironment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !FRAMEWORK_VARIABLE.test(name))
  return { ...Object.fromEntries(inherited), NUXT_TELEMETRY_DISABLED: '1', ...env }
}
