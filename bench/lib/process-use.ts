import { readFileSync, readdirSync } from 'node:fs'

/** Returns the CPU time in seconds of all threads of a process so far. `null` if the system does not report it. */
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

/** Returns the resident memory of a process in MiB. `null` if the system does not report it. */
export function residentMiB(pid: number): number | null {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  }
  catch {
    return null
  }
}
