import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { copyFixture, fixtureEnvironment, programPath } from './fixture-build.ts'
import { keepLine } from './leak-search.ts'
import { HANG_MS } from './limits.ts'

/** The origin that the fixture app is configured with, as if it were behind a proxy. There is no proxy. */
export const FIXTURE_ORIGIN = 'https://basic.test'

const POLL_MS = 20
const START = /^Listening on |\[cloakroom\] Sessions are in /

const SETTINGS = {
  NUXT_CLOAKROOM_STORE: 'sqlite:sessions.db',
  NUXT_CLOAKROOM_AUDIT: 'off',
  NUXT_CLOAKROOM_BEHIND_PROXY: '1',
  NUXT_CLOAKROOM_TRUSTED_PROXIES: '127.0.0.1',
  NUXT_CLOAKROOM_ORIGIN: FIXTURE_ORIGIN,
}

/** The fixture app in its own process, over plain HTTP on loopback, with its own session store. */
export interface FixtureServer {
  /** Its address, for example `http://127.0.0.1:41234`. */
  readonly url: string
  /** The id of its process, while it runs. */
  readonly pid: number | undefined
  /** The SQLite file with its sessions. */
  readonly storeFile: string
  /** Every line that it has printed. */
  readonly logs: readonly string[]
  /** Those that no start prints. */
  readonly unusualLogs: readonly string[]
  /** The lines that contain a text, as soon as there is one: a line may arrive later than the response. */
  linesWith(text: string): Promise<string[]>
  /** Kills it, and starts it again on the same store. */
  restart(): Promise<void>
  /** Sends it a signal. Resolves with its exit code when it has ended; `null` if the signal has ended it. */
  signal(name: NodeJS.Signals): Promise<number | null>
  /** Kills it and deletes its store. */
  dispose(): Promise<void>
}

/** Starts a build made by {@link buildFixture}. Rejects with its output if it exits before it listens. */
export async function startFixture(app: string, env: Record<string, string> = {}): Promise<FixtureServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-basic-run-'))
  const entry = join(app, '.output/server/index.mjs')
  const fullEnv = { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0', ...env }
  return serve(folder, () => spawnServer(folder, process.execPath, [entry], fullEnv))
}

/** Where the fixture app is in development, below the server's working directory. */
export const DEVELOPMENT_FOLDER = 'sources/tests/fixtures/basic'

/** Starts the fixture app in development, from its own copy of the sources. */
export async function startFixtureInDevelopment(env: Record<string, string> = {}): Promise<FixtureServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-basic-run-'))
  const app = copyFixture(join(folder, 'sources'))
  const args = ['dev', app, '--host', '127.0.0.1', '--port', '0', '--no-fork']
  return serve(folder, () => spawnServer(folder, programPath('nuxt'), args, env))
}

async function serve(folder: string, launch: () => ChildProcess): Promise<FixtureServer> {
  const logs: string[] = []
  const deleteFolder = () => rmSync(folder, { recursive: true, force: true })
  let child = launch()
  let url = await listeningUrl(child, logs).catch((error) => {
    deleteFolder()
    throw error
  })
  return {
    get url() {
      return url
    },
    get pid() {
      return child.pid
    },
    storeFile: join(folder, 'sessions.db'),
    logs,
    get unusualLogs() {
      return logs.filter(line => !START.test(line))
    },
    async linesWith(text) {
      const lines = () => logs.filter(line => line.includes(text))
      for (let waited = 0; lines().length === 0; waited += POLL_MS) {
        if (waited > HANG_MS) throw new Error(`No line of the fixture app contains “${text}”:\n${logs.join('\n')}`)
        await sleep(POLL_MS)
      }
      return lines()
    },
    async restart() {
      await kill(child)
      child = launch()
      url = await listeningUrl(child, logs)
    },
    async signal(name) {
      const exited = once(child, 'exit') as Promise<[number | null]>
      child.kill(name)
      return (await exited)[0]
    },
    async dispose() {
      await kill(child)
      deleteFolder()
    },
  }
}

function spawnServer(folder: string, program: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    env: fixtureEnvironment({ ...SETTINGS, ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Resolves with the address that the server prints. Rejects with its output if it exits or prints none. */
async function listeningUrl(child: ChildProcess, logs: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const read = (line: string) => {
    logs.push(line)
    keepLine(line)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (url) resolve(url)
  }
  createInterface(child.stdout!).on('line', read)
  createInterface(child.stderr!).on('line', read)
  const fail = (problem: string) => reject(new Error(`The fixture app ${problem}:\n${logs.join('\n')}`))
  child.once('exit', code => fail(`exited with ${code}`))
  const timer = setTimeout(fail, HANG_MS, 'did not start')
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

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
