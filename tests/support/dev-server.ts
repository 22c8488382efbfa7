import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fixtureEnvironment } from './fixture-build.ts'
import { freePort } from './free-port.ts'
import { keepLine } from './leak-search.ts'
import { HANG_MS } from './limits.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Files that the app does not need, or that a run would change. */
const NOT_COPIED = new Set([
  'node_modules', 'tests', 'bench', 'docs', 'dist', 'coverage', 'test-results', 'playwright-report', '.git', '.nuxt',
  '.output', '.data', '.cache', '.tsbuild', '.vitest', 'packages/nuxt-cloakroom/node_modules',
  'packages/nuxt-cloakroom/dist',
])

/** The app as a developer runs it, from a copy of its sources, so that it writes into that copy. */
export interface DevServer {
  /** Its address. It responds to the first page once everything is built. */
  readonly origin: string
  /** The folder of the copy. */
  readonly folder: string
  /** Kills it with all its processes, and deletes the copy. */
  dispose(): Promise<void>
}

/**
 * Runs a script of package.json on a free port. Rejects with its output if it exits before it listens.
 *
 * @param env in addition to the shell's, of which settings for Nuxt are left out
 */
export async function startDevelopment(script: string, env: Record<string, string> = {}): Promise<DevServer> {
  const folder = copySources()
  const port = await freePort()
  const child = spawn('npm', ['run', script, '--', '--port', String(port), '--host', '127.0.0.1'], {
    cwd: folder,
    env: fixtureEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // Its own process group: npm, its shell and the server are a process each.
  })
  const dispose = async () => {
    await killGroup(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await listening(child, `:${port}/`)
    return { origin: `https://localhost:${port}`, folder, dispose }
  }
  catch (error) {
    await dispose()
    throw error
  }
}

/** Links packages individually, so that Vite's cache next to them belongs to the copy too. */
function copySources(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cloakroom-dev-')))
  cpSync(ROOT, folder, { recursive: true, filter: source => !NOT_COPIED.has(relative(ROOT, source)) })
  const packages = join(ROOT, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(packages)) {
    if (name !== '.cache') symlinkSync(join(packages, name), join(folder, 'node_modules', name))
  }
  return folder
}

/** Resolves when a line of its output contains `address`. */
async function listening(child: ChildProcess, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const lines: string[] = []
  const read = (line: string) => {
    lines.push(line)
    keepLine(line)
    if (line.includes(address)) resolve(undefined)
  }
  createInterface(child.stdout!).on('line', read)
  createInterface(child.stderr!).on('line', read)
  const fail = (problem: string) => reject(new Error(`The development server ${problem}:\n${lines.join('\n')}`))
  child.once('exit', code => fail(`exited with ${code}`))
  const timer = setTimeout(fail, HANG_MS, 'did not start')
  await promise.finally(() => clearTimeout(timer))
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close') // Emitted when no process holds its output any longer.
  process.kill(-child.pid!, 'SIGKILL')
  await closed
}
