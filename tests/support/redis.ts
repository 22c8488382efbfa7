import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { findProgram } from './system-program.ts'

/**
 * A real Redis server with a separate folder. Acknowledged writes survive the end of its process, but not a power cut.
 */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Starts it again with the same port and data. */
  start(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Suspends or resumes its process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Kills it and removes its data. */
  dispose(): Promise<void>
}

/** Returns the path of `redis-server`, or of Valkey, which is the same. See {@link findProgram}. */
export function findRedis(): string | undefined {
  return findProgram(['redis-server', 'valkey-server'], 'redis-server', 'no Redis store is tested')
}

/** Starts a server on a free port. `options` are appended to its command line, where the last one of a name counts. */
export async function startRedis(program: string, ...options: string[]): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-redis-'))
  const port = await freePort()
  const server = redisProcess(program, [
    '--port', `${port}`,
    '--bind', '127.0.0.1',
    '--dir', folder,
    '--save', '',
    '--appendonly', 'yes',
    '--appendfsync', 'no',
    ...options,
  ])
  await server.start()
  return {
    ...server,
    url: `redis://127.0.0.1:${port}`,
    port,
    async dispose() {
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A process of the program with any arguments, not started yet. */
export function redisProcess(program: string, args: readonly string[]): Pick<RedisServer, 'start' | 'kill' | 'signal'> {
  let child: ChildProcess | undefined
  return {
    async start() {
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      await untilReady(child)
    },
    async kill(signal = 'SIGKILL') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
    signal(signal) {
      child!.kill(signal)
    },
  }
}

async function untilReady(child: ChildProcess) {
  const lines: string[] = []
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line)
    // A sentinel prints the latter when it watches its group.
    if (!/Ready to accept connections|\+monitor master/.test(line)) continue
    child.stdout!.resume()
    return
  }
  throw new Error(`redis-server did not start:\n${lines.join('\n')}`)
}
