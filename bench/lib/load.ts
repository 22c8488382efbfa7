import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The core for the servers, and the core for the load program and Redis. */
export const CORES = { server: '1', load: '0' }
const CONNECTIONS = 32
const HERE = join(import.meta.dirname, '..')

/** The request that a load repeats. */
export interface Job {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  /** Sent in turn as the `Cookie` header. An empty string sends no header. */
  readonly cookies: readonly string[]
  /** Each response's `Set-Cookie` replaces the cookie that was sent. */
  readonly follow?: boolean
  /** Whether responses with a status of 400 or higher are expected. */
  readonly refused?: boolean
}

/** The result of a load. Latencies are in milliseconds. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const has = (program: string, ...args: string[]) => spawnSync(program, args, { stdio: 'ignore' }).error === undefined
const tools = { wrk: has('wrk', '-v'), taskset: has('taskset', '-V') }

/** The load program in use, for the report. */
export const loadProgram = tools.wrk ? 'wrk' : 'autocannon'
export const pinned = tools.taskset

/** Returns a command that runs on one core, if the machine has `taskset`. */
export function onCore(core: string, command: readonly string[]): [string, string[]] {
  const [program, ...args] = tools.taskset ? ['taskset', '-c', core, ...command] : command
  return [program!, args]
}

/**
 * Loads a server with one job over 32 connections that stay open.
 *
 * @throws Error if a response was not what the job expects
 */
export async function load(port: number, job: Job, seconds: number, folder: string): Promise<LoadResult> {
  const file = join(folder, 'cookies.txt')
  writeFileSync(file, job.cookies.map(cookie => `${cookie}\n`).join(''))
  const url = `https://localhost:${port}`
  const args = [job.method, job.path, file, job.follow ? 'follow' : '']
  const command = tools.wrk
    ? [
        'wrk',
        '-t1',
        `-c${CONNECTIONS}`,
        `-d${seconds}s`,
        '--timeout',
        '10s',
        '-s',
        join(HERE, 'load.lua'),
        url,
        '--',
        ...args,
      ]
    : [process.execPath, join(HERE, 'peers/autocannon.mjs'), url, String(CONNECTIONS), String(seconds), ...args]
  const child = spawn(...onCore(CORES.load, command), { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const [, json] = /^RESULT (.*)$/m.exec(out) ?? []
  if (!json) throw new Error(`${command.join(' ')} gave no result:\n${out}${err}`)
  const { us, p50, p99, max, ...rest } = JSON.parse(json) as LoadResult & { us: number }
  const result = { ...rest, seconds: us / 1e6, p50: p50 / 1000, p99: p99 / 1000, max: max / 1000 }
  if (result.failed > 0 && !job.refused)
    throw new Error(`${result.failed} of ${result.requests} answers to ` + `${job.method} ${url}${job.path} failed`)
  return result
}
