import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApps } from './lib/build.ts'
import { contestants } from './lib/contestants.ts'
import { load } from './lib/load.ts'
import { ask, startServer } from './lib/server.ts'

/** The fields that this script reads from the output of `node --cpu-prof`. */
interface Profile {
  nodes: { id: number, callFrame: { functionName: string, url: string, lineNumber: number }, children?: number[] }[]
  samples: number[]
  /** Microseconds between samples. */
  timeDeltas: number[]
}

// `first-visit` instead of a path: every request creates a session.
const [asked = '/api/session', seconds = '6'] = process.argv.slice(2)
const path = asked === 'first-visit' ? '/api/session' : asked
const MAX_ROWS = 45
/** The share of the load, at its end, that counts. Before that, the code is still being compiled. */
const STEADY = 0.8

await buildApps()
const folder = mkdtempSync(join(tmpdir(), 'cloakroom-profile-'))
try {
  const launch = contestants({ folder, redisUrl: null })['ours, SQLite']!
  const server = await startServer({
    ...launch,
    nodeArgs: ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`],
  })
  const visitors
    = asked === 'first-visit'
      ? ['']
      : await Promise.all(
          Array.from({ length: 100 }, async () => (await ask(server.port, 'GET', '/api/session')).cookie),
        )
  await load(server.port, { method: 'GET', path, cookies: visitors }, Number(seconds), folder)
  await server.stop('SIGTERM')
  const [file] = readdirSync(folder).filter(name => name.endsWith('.cpuprofile'))
  print(JSON.parse(readFileSync(join(folder, file!), 'utf8')) as Profile)
}
finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Prints each function's share of the non-idle time, without and with its callees. */
function print({ nodes, samples: all, timeDeltas }: Profile) {
  const samples = all.slice(firstWithin(timeDeltas, Number(seconds) * 1e6 * STEADY))
  const own = new Map<number, number>()
  for (const id of samples) own.set(id, (own.get(id) ?? 0) + 1)
  const totals = new Map<string, { own: number, whole: number }>()
  const byId = new Map(nodes.map(node => [node.id, node]))
  const walk = (id: number, above: ReadonlySet<string>): number => {
    const { callFrame, children = [] } = byId.get(id)!
    const name = nameOf(callFrame)
    const self = own.get(id) ?? 0
    const ancestors = new Set(above).add(name)
    const whole = self + children.reduce((sum, child) => sum + walk(child, ancestors), 0)
    const total = totals.get(name) ?? { own: 0, whole: 0 }
    totals.set(name, { own: total.own + self, whole: total.whole + (above.has(name) ? 0 : whole) })
    return whole
  }
  walk(nodes[0]!.id, new Set())
  const busy = samples.length - ['(idle)', '(root)'].reduce((sum, name) => sum + (totals.get(`${name} `)?.own ?? 0), 0)
  const share = (count: number) => `${((100 * count) / busy).toFixed(1)} %`.padStart(8)
  console.log(`${asked}: own time, time with callees, of ${busy} samples that were not idle`)
  const shown = [...totals].filter(([name]) => !/^\((?:idle|root)\)/.test(name))
  for (const [name, { own, whole }] of shown.toSorted(([, a], [, b]) => b.own - a.own).slice(0, MAX_ROWS))
    console.log(share(own), share(whole), name)
  console.log('\nwith callees')
  for (const [name, { own, whole }] of shown.toSorted(([, a], [, b]) => b.whole - a.whole).slice(0, MAX_ROWS))
    console.log(share(own), share(whole), name)
}

/** Returns the index of the first sample within the last `micros` microseconds. */
function firstWithin(deltas: readonly number[], micros: number): number {
  let index = deltas.length
  for (let left = micros; left > 0 && index > 0;) left -= deltas[--index]!
  return index
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^.*\/\.output\/server\//, '').replace(/^file:\/\//, '')
  return `${functionName || '(anonymous)'} ${place}${place && `:${lineNumber + 1}`}`
}
