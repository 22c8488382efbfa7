import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { cpuSeconds, residentMiB } from '../../bench/lib/process-use.ts'
import type { Target } from './target.ts'
import type { UserRecord } from './user.ts'

const BYTES_PER_MIB = 1024 * 1024

/** The state of a server in one second. */
export interface Sample {
  /** Seconds since the attacks began. */
  readonly second: number
  readonly residentMiB: number
  /** What the program holds: the heap after its last full garbage collection, and buffers outside of it. */
  readonly usedMiB: number
  /** Open files, sockets and everything else that has a descriptor. */
  readonly descriptors: number
  /** Delays of the server's event loop in this second, in milliseconds. */
  readonly delayMs: { readonly p99: number, readonly max: number }
  /** Processor time in seconds since the process began. */
  readonly cpuSeconds: number
  /** Bytes that the server has printed. */
  readonly logBytes: number
  readonly storeMiB: number
  /** The longest response to the user in this second, in milliseconds; `0` without one. */
  readonly userMs: number
}

/** Returns a function that takes a sample. */
export function sampler(target: Target, user: UserRecord): (second: number) => Sample {
  let [countedLines, logBytes, countedLatencies] = [0, 0, 0]
  return (second) => {
    for (; countedLines < target.logs.length; countedLines++) logBytes += target.logs[countedLines]!.length + 1
    const latencies = user.latenciesMs.slice(countedLatencies)
    countedLatencies = user.latenciesMs.length
    const inside = lastLine(target.delayFile)
    return {
      second,
      residentMiB: residentMiB(target.pid) ?? 0,
      usedMiB: inside.used / BYTES_PER_MIB,
      descriptors: readdirSync(`/proc/${target.pid}/fd`).length,
      delayMs: inside,
      cpuSeconds: cpuSeconds(target.pid) ?? 0,
      logBytes,
      storeMiB: [target.storeFile, `${target.storeFile}-wal`].reduce((sum, file) => sum + sizeOf(file), 0),
      userMs: Math.max(0, ...latencies),
    }
  }
}

/** What the server has last said of itself, see event-loop-delay.mjs. */
function lastLine(file: string): Sample['delayMs'] & { readonly used: number } {
  const line = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').at(-1) : undefined
  return line ? JSON.parse(line) as ReturnType<typeof lastLine> : { p99: 0, max: 0, used: 0 }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size / BYTES_PER_MIB : 0
}
