import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { keepLine } from './leak-search.ts'
import { HANG_MS } from './limits.ts'

const ROOT = join(import.meta.dirname, '../..')
const ENTRY = join(ROOT, '.output/server/index.mjs')

/** The app that `nuxt build` built, in its own process, over HTTPS, with its own session store. */
export interface BuiltServer {
  /** Where a browser reaches it, for example `https://localhost:41234`. */
  readonly origin: string
  /** The SQLite file with its sessions; it outlives {@link BuiltServer.stop}. */
  readonly storeFile: string
  /** The SQLite file with its accounts. */
  readonly accountsFile: string
  /** The id of its process, while it runs. */
  readonly pid: number | undefined
  /** Every line that it has printed, in all its runs. */
  readonly logs: readonly string[]
  /** Stops it with SIGTERM, like a service manager. Returns its exit code. */
  stop(): Promise<number | null>
  /** Kills it with SIGKILL: no handler runs, and nothing is flushed. */
  kill(): Promise<void>
  /** Starts it again after {@link BuiltServer.stop} or {@link BuiltServer.kill}, on the same port and store. */
  start(): Promise<void>
  /** Kills it and deletes its store. */
  dispose(): Promise<void>
}

/** Limits of the operating system for the server. */
export interface ProcessLimits {
  /** Open files and sockets together. */
  files?: number
}

/** Starts the built server. Resolves when it listens; rejects with its output if it exits before that. */
export async function startBuiltServer(
  env: Record<string, string> = {},
  limits: ProcessLimits = {},
): Promise<BuiltServer> {
  if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run \`npm run build\` first.`)
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  const port = await freePort()
  const storeFile = join(directory, 'sessions.db')
  const accountsFile = join(directory, 'accounts.db')
  const logs: string[] = []
  const fullEnv = {
    ...withoutSettings(process.env),
    NODE_ENV: 'production',
    PORT: String(port),
    NUXT_CLOAKROOM_ORIGIN: `https://localhost:${port}`,
    NUXT_CLOAKROOM_STORE: `sqlite:${storeFile}`,
    NUXT_ACCOUNTS_FILE: accountsFile,
    ...env,
  }
  let child = await launch(fullEnv, logs, limits)

  return {
    origin: `https://localhost:${port}`,
    storeFile,
    accountsFile,
    get pid() {
      return child.pid
    },
    logs,
    stop: () => end(child, 'SIGTERM'),
    async kill() {
      await end(child, 'SIGKILL')
    },
    async start() {
      child = await launch(fullEnv, logs, limits)
    },
    async dispose() {
      await end(child, 'SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function launch(env: NodeJS.ProcessEnv, logs: string[], { files }: ProcessLimits): Promise<ChildProcess> {
  const [program, ...args] = files
    ? ['sh', '-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ENTRY]
    : [process.execPath, ENTRY]
  const child = spawn(program!, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const listening = Promise.withResolvers<undefined>()
  const read = (line: string) => {
    logs.push(line)
    keepLine(line)
    if (/listening/i.test(line)) listening.resolve(undefined)
  }
  createInterface(child.stdout).on('line', read)
  createInterface(child.stderr).on('line', read)
  const fail = (problem: string) => listening.reject(new Error(`The server ${problem}:\n${logs.join('\n')}`))
  child.once('exit', code => fail(`exited with ${code}`))
  const timer = setTimeout(fail, HANG_MS, 'did not start')
  try {
    await listening.promise
    return child
  }
  catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  finally {
    clearTimeout(timer)
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(HANG_MS) })
  child.kill(signal)
  await exited
  return child.exitCode
}

/** Removes the settings of the developer's shell, which must not affect a test. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(NUXT|NITRO)_|^(PORT|HOST)$/.test(name)))
}
