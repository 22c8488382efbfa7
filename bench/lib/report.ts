import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { loadProgram, pinned } from './load.ts'
import type { Sample } from './rounds.ts'
import { median } from './rounds.ts'
import type { Verdict } from './targets.ts'

/** The machine, tools and settings of a run. */
export interface Conditions {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly load: string
  /** The load average over the last 15 minutes. The run itself accounts for 2; anything above disturbs it. */
  readonly busy: number
  readonly rounds: number
  readonly seconds: number
  readonly versions: Record<string, string>
}

export function conditions(rounds: number, seconds: number, versions: Record<string, string>): Conditions {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: [
      `${cpus().length} × ${cpu?.model.trim()}`,
      `${Math.round(totalmem() / 2 ** 30)} GiB`,
      `${type()} ${release()}`,
    ].join(', '),
    node: process.version,
    load:
      `${loadProgram}, 32 connections kept alive over TLS, `
      + `${pinned ? 'server and load each on a core of its own' : 'no core pinned'}`,
    busy: Math.round(loadavg()[2]! * 10) / 10,
    rounds,
    seconds,
    versions,
  }
}

/** One line of the table: medians over the rounds. */
export interface Line {
  readonly work: string
  readonly label: string
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpuMicros: number | null
  readonly residentMiB: number | null
}

export function lines(samples: readonly Sample[]): Line[] {
  const groups = Map.groupBy(samples, ({ work, label }) => `${work}\0${label}`)
  return [...groups.values()].map((group) => {
    const of = (name: 'perSecond' | 'p50' | 'p99') => median(group.map(sample => sample[name]))
    const known = (name: 'cpuMicros' | 'residentMiB') =>
      group.every(sample => sample[name] !== null) ? median(group.map(sample => sample[name]!)) : null
    const [{ work, label }] = group as [Sample]
    return {
      work,
      label,
      perSecond: of('perSecond'),
      p50: of('p50'),
      p99: of('p99'),
      cpuMicros: known('cpuMicros'),
      residentMiB: known('residentMiB'),
    }
  })
}

/** Returns the whole report as Markdown, which is also readable in a terminal. */
export function markdown(made: Conditions, table: readonly Line[], ratios: readonly Verdict[]): string {
  const whole = (value: number | null) => (value === null ? '?' : Math.round(value).toLocaleString('en'))
  return [
    `${made.date}, Node ${made.node}, ${made.machine}. ${made.load}; medians of ${made.rounds} interleaved rounds of `
    + `${made.seconds} s. Load average over the last 15 minutes: ${made.busy}, of which the run itself makes 2.`,
    Object.entries(made.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(' · '),
    rows(
      ['ratio of throughputs', 'median', 'spread', 'by CPU time', 'target', ''],
      ratios.map(({ what, median: middle, lowest, highest, byCpu, least, goal }) => [
        what,
        middle.toFixed(2),
        `${lowest.toFixed(2)} to ${highest.toFixed(2)}`,
        byCpu?.toFixed(2) ?? '?',
        `≥ ${least}${goal ? ` (goal ${goal})` : ''}`,
        middle >= least ? 'met' : 'missed',
      ]),
    ),
    rows(
      ['work', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'RSS MiB'],
      table.map(line => [
        line.work,
        line.label,
        whole(line.perSecond),
        line.p50.toFixed(2),
        line.p99.toFixed(2),
        whole(line.cpuMicros),
        whole(line.residentMiB),
      ]),
    ),
  ].join('\n\n')
}

function rows(head: string[], body: string[][]): string {
  return [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...body]
    .map(row => `| ${row.join(' | ')} |`)
    .join('\n')
}
