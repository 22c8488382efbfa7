import type { Subject } from './jobs.ts'
import { load } from './load.ts'
import type { Job } from './load.ts'
import { cpuSeconds, residentMiB } from './process-use.ts'
import type { RunningServer } from './server.ts'

/** The measurements of one subject in one round. */
export interface Sample {
  readonly work: string
  readonly label: string
  readonly round: number
  readonly perSecond: number
  /** Milliseconds, with every connection busy, so mostly time in the queue. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of the server's CPU time per request, not counting Redis. */
  readonly cpuMicros: number | null
  readonly residentMiB: number | null
}

const ATTEMPTS = 3

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly warmUp: number
  readonly folder: string
  onRound(round: number): void
}

/** Measures all subjects in turn in every round, so that other load on the machine affects all of them equally. */
export async function measure(
  subjects: readonly Subject[],
  servers: ReadonlyMap<string, RunningServer>,
  { rounds, seconds, warmUp, folder, onRound }: Rounds,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const { server, job } of subjects) await load(servers.get(server)!.port, job, warmUp, folder)
  for (let round = 1; round <= rounds; round++) {
    onRound(round)
    // Every second round runs in reverse order, so that no subject is always the first.
    for (const { work, label, server, job } of round % 2 ? subjects : subjects.toReversed()) {
      samples.push({ work, label, round, ...(await once(servers.get(server)!, job, seconds, folder)) })
    }
  }
  return samples
}

/** @throws Error if the server responds to no request in several attempts: the machine is too busy to measure */
async function once(
  { port, pid }: RunningServer,
  job: Job,
  seconds: number,
  folder: string,
): Promise<Omit<Sample, 'work' | 'label' | 'round'>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = cpuSeconds(pid)
    const { requests, seconds: took, p50, p99 } = await load(port, job, seconds, folder)
    const after = cpuSeconds(pid)
    if (requests === 0) continue
    const cpuMicros = before === null || after === null ? null : ((after - before) * 1e6) / requests
    return { perSecond: requests / took, p50, p99, cpuMicros, residentMiB: residentMiB(pid) }
  }
  throw new Error(
    `${job.method} ${job.path} was not answered once in ${ATTEMPTS} loads of ${seconds} s. Do other `
    + `programs keep both cores busy?`,
  )
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
