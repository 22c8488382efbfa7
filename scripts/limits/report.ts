import { chart, stack } from '../../bench/lib/chart.ts'
import { conditions } from '../../bench/lib/report.ts'
import type { Attack } from './attacks.ts'
import type { Sample } from './samples.ts'
import type { Kind } from './target.ts'
import type { UserRecord } from './user.ts'

/** How much the mean of what the program holds may be above that of the middle third in the last third. */
const MAX_GROWTH_MIB = 20
/** The same for RSS, which also has what the allocator and the system keep of memory that is free. */
const MAX_RSS_GROWTH = 0.1
const MAX_DESCRIPTORS: Record<Kind, number> = { app: 10_100, host: 12_000 }
const MAX_LOG_BYTES_PER_SECOND = 10_000
const TICKS = 6
const PARTS = [0.5, 0.99, 1]

export interface Run {
  readonly kind: Kind
  readonly samples: readonly Sample[]
  readonly user: UserRecord
  readonly attacks: readonly Attack[]
  /** Whether the server ended during the run. */
  readonly exited: boolean
  /** Whether the process of the attackers ended during the run. */
  readonly attackersExited: boolean
}

const TITLES: Record<Kind, string> = {
  app: 'This app on its own listener, over HTTPS',
  host: 'An app with the packed module on Nitro’s own server, with WebSockets',
}

/** Returns what is wrong, one sentence each. */
export function problemsOf({ kind, samples, user, attacks, exited, attackersExited }: Run): string[] {
  const { used, resident, descriptors, logBytesPerSecond } = figuresOf(samples)
  const idle = attacks.filter(({ progress }) => progress.total === 0).map(({ name }) => name)
  const streams = attacks.find(({ name }) => name === 'event streams')
  return [
    ...when(exited, 'The server ended.'),
    ...when(attackersExited, 'The attackers ended.'),
    ...when(used.growth > MAX_GROWTH_MIB, `The memory in use grew by ${used.growth.toFixed(0)} MiB in the last third.`),
    ...when(
      resident.growth > MAX_RSS_GROWTH * resident.last,
      `RSS grew by ${resident.growth.toFixed(0)} MiB in the last third.`,
    ),
    ...when(descriptors > MAX_DESCRIPTORS[kind], `${descriptors} descriptors were open.`),
    ...when(logBytesPerSecond > MAX_LOG_BYTES_PER_SECOND, `The log grew by ${Math.round(logBytesPerSecond)} B/s.`),
    ...when(user.rounds === 0, 'The user was never served.'),
    ...user.failures.map(failure => `The user failed: ${failure}`),
    ...idle.map(name => `This attack did nothing: ${name}.`),
    ...when(!streams?.progress.outcomes[429], 'The limit of event streams was not reached.'),
  ]
}

function when(isWrong: boolean, problem: string): string[] {
  return isWrong ? [problem] : []
}

/** A Markdown summary. */
export function summaryOf({ kind, samples, user, attacks }: Run): string {
  const made = conditions(1, 0, {})
  const { used, resident, descriptors, logBytesPerSecond } = figuresOf(samples)
  const last = samples.at(-1)!
  const latencies = [...user.latenciesMs].sort((a, b) => a - b)
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`
  const delays = samples.map(({ delayMs }) => delayMs)
  const [p99, longest] = [median(delays.map(delay => delay.p99)), Math.max(...delays.map(delay => delay.max))]
  const rounds = [user.rounds, user.failures.length, user.retries]
  const rows = [
    ['memory in use, last third', `${used.last.toFixed(0)} MiB, ${signed(used.growth)} MiB from the middle third`],
    ['RSS, last third', `${resident.last.toFixed(0)} MiB, ${signed(resident.growth)} MiB from the middle third`],
    ['descriptors, at most', String(descriptors)],
    ['event-loop delay, median of p99 / longest', `${ms(p99)} / ${ms(longest)}`],
    ['processor time', `${((last.cpuSeconds - samples[0]!.cpuSeconds) / last.second).toFixed(2)} s a second`],
    ['log', `${logBytesPerSecond.toFixed(0)} bytes a second`],
    ['store', `${last.storeMiB.toFixed(0)} MiB`],
    ['rounds of the user / failures / repeated after 503', rounds.join(' / ')],
    ['responses to the user, p50 / p99 / longest', PARTS.map(part => ms(quantile(latencies, part))).join(' / ')],
  ]
  return [
    `**${TITLES[kind]}**: ${last.second} s, ${made.date}, Node ${made.node}, ${made.machine}, load average over the `
    + `last 15 minutes ${made.busy}.`,
    table(['what', 'measured'], rows),
    table(['attack', 'open at the end', 'in total', 'outcomes'], attacks.map(({ name, progress }) => [
      name, String(progress.open), String(progress.total),
      Object.entries(progress.outcomes).map(([outcome, count]) => `${count} × ${outcome}`).join(', '),
    ])),
  ].join('\n\n')
}

/** The plot of a run: RSS, descriptors, event-loop delay and the responses to the user. */
export function plotOf({ kind, samples }: Run): string {
  const seconds = samples.at(-1)!.second
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => Math.round(seconds / TICKS * index))
  const line = (name: string, of: (sample: Sample) => number) =>
    ({ name, points: samples.map(sample => ({ x: sample.second, y: of(sample) })) })
  return stack(TITLES[kind], [
    chart({ title: 'RSS and the memory in use, by seconds', unit: 'MiB', ticks, series: [
      line('RSS', s => s.residentMiB), line('in use', s => s.usedMiB),
    ] }),
    chart({ title: 'Open descriptors', unit: '', ticks, series: [line('descriptors', s => s.descriptors)] }),
    chart({
      title: 'Delay of the event loop, and the longest response to the user in each second',
      unit: 'ms',
      ticks,
      series: [line('response', s => s.userMs), line('delay, p99', s => s.delayMs.p99)],
    }),
  ])
}

function figuresOf(samples: readonly Sample[]) {
  const last = samples.at(-1)!
  return {
    used: lastThird(samples.map(({ usedMiB }) => usedMiB)),
    resident: lastThird(samples.map(({ residentMiB }) => residentMiB)),
    descriptors: Math.max(...samples.map(sample => sample.descriptors)),
    logBytesPerSecond: last.logBytes / last.second,
  }
}

/** The mean of the last third, and by how much it is above that of the middle third. */
function lastThird(values: readonly number[]) {
  const length = values.length / 3
  const [middle, last] = [1, 2].map(index =>
    mean(values.slice(Math.floor(index * length), Math.floor((index + 1) * length)))) as [number, number]
  return { last, growth: last - middle }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  return quantile([...values].sort((a, b) => a - b), 0.5)
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
