import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '../..')
const APP = 'tests/fixtures/basic'
const LAYER = 'layers/session'
const HOME = join(tmpdir(), `cloakroom-basic-${digest(ROOT).slice(0, 12)}`)
const LOCK_RETRY_MS = 100

/**
 * Builds the fixture app from a copy that holds the app, the layer and nothing else of this repository; resolves with
 * the folder of the app. Builds once for as long as the sources stay the same, however many test files ask.
 */
export async function buildFixture(): Promise<string> {
  mkdirSync(HOME, { recursive: true, mode: 0o700 })
  const lock = await takeLock()
  try {
    const copy = join(HOME, 'build')
    const marker = join(copy, 'built')
    const sources = fingerprint()
    if (!existsSync(marker) || readFileSync(marker, 'utf8') !== sources) {
      copyFixture(copy)
      await run(join(copy, APP), 'nuxt', 'build')
      writeFileSync(marker, sources)
    }
    return join(copy, APP)
  }
  finally {
    lock.close()
  }
}

/** Copies the fixture app and the layer into an empty folder, and lends it this repository's packages; answers the app's folder there. */
export function copyFixture(folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  for (const part of [APP, LAYER]) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: source => !/\/(?:\.nuxt|\.output|\.data|node_modules)$/.test(source) })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  return join(folder, APP)
}

/** Runs a program of this repository's packages, or of the machine. @throws Error with all it printed, if it fails */
export async function run(cwd: string, program: string, ...args: string[]): Promise<void> {
  const own = programPath(program)
  const child = spawn(existsSync(own) ? own : program, args, { cwd, env: fixtureEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${out}${err}`)
}

export function programPath(program: string): string {
  return join(ROOT, 'node_modules/.bin', program)
}

/** The shell's environment without what it sets for Nuxt, Nitro or the test runner. */
export function fixtureEnvironment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:NUXT|NITRO|VITEST|VITE)(?:_|$)|^(?:NODE_ENV|PORT|HOST|TEST)$/.test(name))
  return { ...Object.fromEntries(kept), NUXT_TELEMETRY_DISABLED: '1', ...env }
}

/** Holds a lock that ends with this process, whatever becomes of it. */
async function takeLock(): Promise<DatabaseSync> {
  const lock = new DatabaseSync(join(HOME, 'lock.db'))
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE')
      return lock
    }
    catch (error) {
      if (!/locked/.test(String(error))) throw error
      await delay(LOCK_RETRY_MS)
    }
  }
}

function fingerprint(): string {
  const files = [APP, LAYER].flatMap(part => globSync(`${part}/**/*`, { cwd: ROOT })).sort()
  const contents = [...files, 'package-lock.json'].filter(file => statSync(join(ROOT, file)).isFile())
  return digest(contents.map(file => `${file}\0${digest(readFileSync(join(ROOT, file)))}`).join('\0'))
}

function digest(input: string | Buffer): string {
  return createHash('sha256').update(input).digest('hex')
}
