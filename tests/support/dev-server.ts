import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fixtureEnvironment } from './fixture-build.ts'
import { freePort } from './free-port.ts'
import { HANG_MS } from './limits.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What the app does not need, and what a run would change. */
const LEFT_OUT = /^(?:node_modules|tests|bench|docs|dist|coverage|test-results|playwright-report|\.(?:git|nuxt|output|data|cache|tsbuild|vitest))$/

/** The app as a developer runs it, from a copy of its sources: what it writes, it writes there. */
export interface DevServer {
  /** Where it is reached. The first page is answered once all is built. */
  readonly origin: string
  /** The copy. */
  readonly folder: string
  /** Ends it with all of its processes, and deletes the copy. */
  dispose(): Promise<void>
}

/** Runs a script of package.json on a free port. `env`: beside the shell's, without what that sets for Nuxt. Rejects with its output if it ends before it listens. */
export async function startDevelopment(script: string, env: Record<string, string> = {}): Promise<DevServer> {
  const folder = copySources()
  const port = await freePort()
  // A group of its own: npm, its shell and the server are a process each.
  const child = spawn('npm', ['run', script, '--', '--port', String(port), '--host', '127.0.0.1'], { cwd: folder, env: fixtureEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const dispose = async () => {
    await endGroup(child)
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

/** Packages are lent one by one, so that what Vite keeps beside them is the copy's own too. */
function copySources(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cloakroom-dev-')))
  cpSync(ROOT, folder, { recursive: true, filter: source => !LEFT_OUT.test(relative(ROOT, source)) })
  const packages = join(ROOT, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(packages)) {
    if (name !== '.cache') symlinkSync(join(packages, name), join(folder, 'node_modules', name))
  }
  return folder
}

/** Resolves when a line of its output names `address`. */
async function listening(child: ChildProcess, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const lines: string[] = []
  const read = (line: string) => {
    lines.push(line)
    if (line.includes(address)) resolve(undefined)
  }
  createInterface(child.stdout!).on('line', read)
  createInterface(child.stderr!).on('line', read)
  const fail = (what: string) => reject(new Error(`The development server ${what}:\n${lines.join('\n')}`))
  child.once('exit', code => fail(`ended with ${code}`))
  const timer = setTimeout(fail, HANG_MS, 'did not start')
  await promise.finally(() => clearTimeout(timer))
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close') // When the last process that holds its output is gone.
  process.kill(-child.pid!, 'SIGKILL')
  await closed
}
