import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { copyFixture, fixtureEnvironment, programPath } from './fixture-build.ts'
import { HANG_MS } from './limits.ts'

/** The origin that the fixture app is told it has; it stands behind a proxy that is not there. */
export const FIXTURE_ORIGIN = 'https://basic.test'

/** The fixture app in a process of its own, over plain HTTP on loopback, with a session store of its own. */
export interface FixtureServer {
  /** Where to call it, such as `http://127.0.0.1:41234`. */
  readonly url: string
  /** The SQLite file that holds its sessions. */
  readonly storeFile: string
  /** Every line it printed. */
  readonly logs: readonly string[]
  /** Ends it, and starts it again on the same store. */
  restart(): Promise<void>
  /** Ends it and deletes its store. */
  dispose(): Promise<void>
}

/** Starts a build that {@link buildFixture} made. Rejects with its output if it ends before it listens. */
export async function startFixture(app: string, env: Record<string, string> = {}): Promise<FixtureServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-basic-run-'))
  const entry = join(app, '.output/server/index.mjs')
  return serve(folder, () => spawnServer(folder, process.execPath, [entry], { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0', ...env }))
}

/** Starts the fixture app in development, from a copy of its own. */
export async function startFixtureInDevelopment(): Promise<FixtureServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-basic-run-'))
  const app = copyFixture(join(folder, 'sources'))
  return serve(folder, () => spawnServer(folder, programPath('nuxt'), ['dev', app, '--host', '127.0.0.1', '--port', '0', '--no-fork']))
}

async function serve(folder: string, spawnAgain: () => ChildProcess): Promise<FixtureServer> {
  const logs: string[] = []
  const discard = () => rmSync(folder, { recursive: true, force: true })
  let child = spawnAgain()
  let url = await listening(child, logs).catch((error) => {
    discard()
    throw error
  })
  return {
    get url() {
      return url
    },
    storeFile: join(folder, 'sessions.db'),
    logs,
    async restart() {
      await end(child)
      child = spawnAgain()
      url = await listening(child, logs)
    },
    async dispose() {
      await end(child)
      discard()
    },
  }
}

function spawnServer(folder: string, program: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    env: fixtureEnvironment({ NUXT_SESSION_STORE: 'sqlite:sessions.db', NUXT_SESSION_AUDIT: 'off', NUXT_SESSION_BEHIND_PROXY: '1', NUXT_SESSION_TRUSTED_PROXIES: '127.0.0.1', NUXT_SESSION_ORIGIN: FIXTURE_ORIGIN, ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Resolves with the address that the server says it listens on, rejects with its output if it ends or is silent. */
async function listening(child: ChildProcess, logs: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const read = (line: string) => {
    logs.push(line)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (url) resolve(url)
  }
  createInterface(child.stdout!).on('line', read)
  createInterface(child.stderr!).on('line', read)
  child.once('exit', code => reject(new Error(`The fixture ended with ${code}:\n${logs.join('\n')}`)))
  const timer = setTimeout(() => reject(new Error(`The fixture did not start:\n${logs.join('\n')}`)), HANG_MS)
  try {
    return await promise
  }
  catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  finally {
    clearTimeout(timer)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
