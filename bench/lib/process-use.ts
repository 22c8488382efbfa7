import { readFileSync, readdirSync } from 'node:fs'

/** Seconds of processor that a process has had so far, in all its threads. `null` where the system does not say. */
export function cpuSeconds(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const spent = threads.map(thread =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
    )
    return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9
  }
  catch {
    return null
  }
}

/** Mebibytes of memory that a process holds. `null` where the system does not say. */
export function residentMiB(pid: number): number | null {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  }
  catch {
    return null
  }
}
