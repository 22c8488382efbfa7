import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { typeScriptProgram } from '../tests/support/child.ts'
import { onCore } from './lib/load.ts'
import { startRedis } from './lib/redis.ts'
import { conditions } from './lib/report.ts'
import { putBetween } from './lib/results.ts'

// How Redis scales with the number of sessions: 1,000, 100,000 and 1,000,000, each in a separate Redis. `--write` puts
// the table into RESULTS.md.

interface Size {
  readonly sessions: number
  readonly bytesPerSession: number
  readonly read: { readonly p50: number, readonly p99: number }
  readonly devices: { readonly p50: number, readonly p99: number }
}

const SIZES = [1000, 100_000, 1_000_000]
const SERVER_CORE = '1'

const { values: options } = parseArgs({ options: { write: { type: 'boolean' } } })
const sizes: Size[] = []
for (const sessions of SIZES) sizes.push(await measure(sessions))
const text = report(sizes)
console.log(text)
if (options.write) putBetween('scale-redis', text)

async function measure(sessions: number): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-scale-redis-'))
  const redis = await startRedis(folder)
  if (!redis) throw new Error('redis-server is not installed.')
  try {
    console.error(`filling Redis with ${sessions} sessions`)
    const [program, args] = onCore(
      SERVER_CORE,
      typeScriptProgram(join(import.meta.dirname, 'lib/seed-redis.ts'), redis.url, String(sessions)),
    )
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`Redis was not filled:\n${stderr}`)
    return JSON.parse(stdout) as Size
  }
  finally {
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(measured: readonly Size[]): string {
  const made = conditions(1, 0, {})
  const rows = [
    ['sessions in Redis', ...measured.map(({ sessions }) => sessions.toLocaleString('en'))],
    ['---', ...measured.map(() => '--:')],
    [
      'read in the store, p50 / p99, µs',
      ...measured.map(({ read }) => `${read.p50.toFixed(0)} / ${read.p99.toFixed(0)}`),
    ],
    [
      'devices of one user (10), p50 / p99, µs',
      ...measured.map(({ devices }) => `${devices.p50.toFixed(0)} / ${devices.p99.toFixed(0)}`),
    ],
    ['bytes of memory per session', ...measured.map(({ bytesPerSession }) => bytesPerSession.toFixed(0))],
  ]
  return [
    `${made.date}, Node ${made.node}, ${made.machine}. 20,000 calls one after the other, each a round trip over `
    + `loopback; Redis and the client on one core each. Load average over the last 15 minutes: ${made.busy}.`,
    rows.map(row => `| ${row.join(' | ')} |`).join('\n'),
  ].join('\n\n')
}
