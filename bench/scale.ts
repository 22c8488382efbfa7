import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { typeScriptProgram } from '../tests/support/child.ts'
import { buildApps } from './lib/build.ts'
import { APP, moduleEnvironment } from './lib/contestants.ts'
import { load } from './lib/load.ts'
import type { Job, LoadResult } from './lib/load.ts'
import { chart } from './lib/chart.ts'
import { residentMiB } from './lib/process-use.ts'
import { conditions } from './lib/report.ts'
import { putBetween } from './lib/results.ts'
import { median } from './lib/rounds.ts'
import { ask, startServer } from './lib/server.ts'
import type { RunningServer } from './lib/server.ts'

// How the server scales with the number of sessions: 1,000, 100,000 and 1,000,000 in SQLite, and 100,000 more that are
// swept under load. `--write` puts the table into RESULTS.md and the plots into docs/images.

/** Microseconds per call, measured in the process of the store. */
interface StoreTimes {
  readonly openMs: number
  readonly read: { readonly p50: number, readonly p99: number }
  readonly devices: { readonly p50: number, readonly p99: number }
}

interface Size {
  readonly sessions: number
  readonly store: StoreTimes
  /** Medians of the rounds, in milliseconds, with every connection busy. */
  readonly http: { readonly p50: number, readonly p99: number }
  readonly bytesPerSession: number
  readonly startMs: number
  readonly residentMiB: number | null
}

interface Sweeping {
  readonly swept: number
  readonly seconds: number
  readonly quiet: LoadResult
  readonly during: LoadResult
}

interface Filled {
  readonly file: string
  readonly cookies: string[]
  readonly store: StoreTimes
  readonly server: RunningServer
}

const SIZES = [1000, 100_000, 1_000_000]
const EXPIRED = 100_000
const ROUNDS = 5
const SECONDS = 2
/** How many cookies the load uses: the same number at every size, so that only the store differs. */
const VISITORS = 1000
const KEY = randomBytes(32).toString('base64url')

const { values: options } = parseArgs({ options: { write: { type: 'boolean' } } })
const folder = mkdtempSync(join(tmpdir(), 'cloakroom-scale-'))
const running: RunningServer[] = []
await buildApps()
try {
  const filled: Filled[] = []
  for (const sessions of SIZES) filled.push(await fill(sessions, 0))
  const sizes = await measure(filled)
  const sweeping = await sweepUnderLoad(await fill(EXPIRED, EXPIRED))
  const text = report(sizes, sweeping)
  console.log(text)
  if (options.write) write(text, sizes)
}
finally {
  await Promise.all(running.map(server => server.stop()))
  rmSync(folder, { recursive: true, force: true })
}

async function fill(active: number, expired: number): Promise<Filled> {
  const file = join(folder, `${active}-${expired}.db`)
  const cookies = `${file}.cookies`
  console.error(`filling a database with ${active} sessions${expired ? ` and ${expired} expired` : ''}`)
  const [program, ...args] = typeScriptProgram(
    join(import.meta.dirname, 'lib/seed.ts'),
    file,
    String(active),
    String(expired),
    KEY,
    cookies,
  )
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The database was not filled:\n${stderr}`)
  const server = await startServer({
    file: APP.file,
    env: at => ({ ...moduleEnvironment(`sqlite:${file}`, at), NUXT_CLOAKROOM_KEYS: KEY }),
  })
  running.push(server)
  return { file, cookies: readFileSync(cookies, 'utf8').split('\n'), store: JSON.parse(stdout) as StoreTimes, server }
}

async function measure(filled: readonly Filled[]): Promise<Size[]> {
  const results = filled.map(() => [] as LoadResult[])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, { cookies, server }] of filled.entries()) {
      const result = await load(server.port, reading(cookies), SECONDS, folder)
      if (round > 0) results[index]!.push(result) // The first round is a warm-up.
    }
  }
  return filled.map(({ file, store, server }, index) => ({
    sessions: SIZES[index]!,
    store,
    http: { p50: median(results[index]!.map(({ p50 }) => p50)), p99: median(results[index]!.map(({ p99 }) => p99)) },
    bytesPerSession: statSync(file).size / SIZES[index]!,
    startMs: server.startMs,
    residentMiB: residentMiB(server.pid),
  }))
}

/** Runs the sweep, which otherwise runs once a minute, during a load. */
async function sweepUnderLoad({ cookies, server }: Filled): Promise<Sweeping> {
  const job = reading(cookies)
  await load(server.port, job, SECONDS, folder)
  const quiet = await load(server.port, job, 4 * SECONDS, folder)
  const loading = load(server.port, job, 4 * SECONDS, folder)
  const { body } = await ask(server.port, 'POST', '/api/sweep')
  const { swept, ms } = JSON.parse(body) as { swept: number, ms: number }
  return { swept, seconds: ms / 1000, quiet, during: await loading }
}

function reading(cookies: readonly string[]): Job {
  const step = Math.max(1, Math.floor(cookies.length / VISITORS))
  return { method: 'GET', path: '/api/read', cookies: cookies.filter((_, index) => index % step === 0) }
}

function report(sizes: readonly Size[], { swept, seconds, quiet, during }: Sweeping): string {
  const made = conditions(ROUNDS, SECONDS, {})
  const [smallest, largest] = [sizes.at(0)!, sizes.at(-1)!]
  const rows = [
    ['sessions in SQLite', ...sizes.map(({ sessions }) => sessions.toLocaleString('en'))],
    ['---', ...sizes.map(() => '--:')],
    [
      'read in the store, p50 / p99, µs',
      ...sizes.map(({ store: { read } }) => `${read.p50.toFixed(1)} / ${read.p99.toFixed(1)}`),
    ],
    [
      'devices of one user (10) in the store, p50 / p99, µs',
      ...sizes.map(({ store: { devices } }) => `${devices.p50.toFixed(1)} / ${devices.p99.toFixed(1)}`),
    ],
    ['read over HTTPS, p50 / p99, ms', ...sizes.map(({ http }) => `${http.p50.toFixed(2)} / ${http.p99.toFixed(2)}`)],
    ['bytes per session on disk', ...sizes.map(({ bytesPerSession }) => bytesPerSession.toFixed(0))],
    ['opening the database, ms', ...sizes.map(({ store }) => store.openMs.toFixed(0))],
    ['start until listening, ms', ...sizes.map(({ startMs }) => startMs.toFixed(0))],
    ['RSS after the load, MiB', ...sizes.map(({ residentMiB }) => residentMiB?.toFixed(0) ?? '?')],
  ]
  const ratio = (what: string, above: number, below: number) => `${what} ${(above / below).toFixed(2)}`
  return [
    `${made.date}, Node ${made.node}, ${made.machine}. ${made.load}; HTTPS: medians of ${ROUNDS} interleaved rounds of `
    + `${SECONDS} s; the store alone: 20,000 calls in a separate process. Load average over the last 15 `
    + `minutes: ${made.busy}, of which the run itself makes 2.`,
    rows.map(row => `| ${row.join(' | ')} |`).join('\n'),
    `The largest over the smallest: ${ratio('read p99 over HTTPS', largest.http.p99, smallest.http.p99)} and `
    + `${ratio('in the store', largest.store.read.p99, smallest.store.read.p99)} (target: at most 1.5). `
    + `Devices of one user in the largest: ${(largest.store.devices.p50 / 1000).toFixed(3)} ms at the median, `
    + `${(largest.store.devices.p99 / 1000).toFixed(3)} ms at p99 (target: at most 1 ms).`,
    `Sweep of ${swept.toLocaleString('en')} expired sessions among ${EXPIRED.toLocaleString('en')} active ones, under `
    + `load: ${seconds.toFixed(1)} s. Reads in the ${4 * SECONDS} s around it: p50 ${during.p50.toFixed(2)} ms, p99 `
    + `${during.p99.toFixed(2)} ms, `
    + `longest ${during.max.toFixed(0)} ms, ${Math.round(during.requests / during.seconds)} a second; without a sweep: `
    + `p50 ${quiet.p50.toFixed(2)} ms, p99 ${quiet.p99.toFixed(2)} ms, longest ${quiet.max.toFixed(0)} ms, `
    + `${Math.round(quiet.requests / quiet.seconds)} a second.`,
  ].join('\n\n')
}

function write(text: string, sizes: readonly Size[]) {
  putBetween('scale', text)
  const points = (of: (size: Size) => number) => sizes.map(size => ({ x: size.sessions, y: of(size) }))
  const image = (name: string, svg: string) => writeFileSync(join(import.meta.dirname, '../docs/images', name), svg)
  image(
    'scale-store.svg',
    chart({
      title: 'One call to the store, by number of sessions (SQLite)',
      unit: 'µs',
      series: [
        { name: 'read, p50', points: points(({ store }) => store.read.p50) },
        { name: 'read, p99', points: points(({ store }) => store.read.p99) },
        { name: '10 devices, p50', points: points(({ store }) => store.devices.p50) },
        { name: '10 devices, p99', points: points(({ store }) => store.devices.p99) },
      ],
    }),
  )
  image(
    'scale-start.svg',
    chart({
      title: 'Start until listening, by number of sessions (SQLite)',
      unit: 'ms',
      series: [
        { name: 'whole start', points: points(({ startMs }) => startMs) },
        { name: 'opening the database', points: points(({ store }) => store.openMs) },
      ],
    }),
  )
}
