import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildApps } from './lib/build.ts'
import { contestants } from './lib/contestants.ts'
import { isQuick, prepare } from './lib/jobs.ts'
import { startRedis } from './lib/redis.ts'
import { conditions, lines, markdown } from './lib/report.ts'
import { putBetween } from './lib/results.ts'
import { measure } from './lib/rounds.ts'
import { startServer } from './lib/server.ts'
import type { RunningServer } from './lib/server.ts'
import { verdicts } from './lib/targets.ts'

const HELP = `npm run bench [-- options]

Loads the built server and its peers over HTTPS, the same job for all, and prints a table.

  --quick          under a minute: fewer servers and jobs, 2 short rounds. For a first look, not for a claim
  --rounds N       rounds (5)
  --seconds N      seconds of load for each job in a round (3)
  --only TEXT      only jobs whose name has this in it, such as "read"
  --write          put the report into RESULTS.md
  --json           print JSON with every sample in place of the table
  --rebuild        build the apps again even if their sources are the same`

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    rebuild: { type: 'boolean' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})
const PEERS = [
  'express',
  'express-session',
  'connect-redis',
  'better-sqlite3-session-store',
  'better-sqlite3',
  'h3',
  'nuxt-auth-utils',
  'iron-session',
  'better-auth',
]
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5))
const seconds = Number(options.seconds ?? (options.quick ? 1 : 3))

if (options.help) console.log(HELP)
else await main()

async function main() {
  await buildApps(options.rebuild)
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
  const redis = await startRedis(folder)
  if (!redis) note('There is no redis-server here: what needs it is left out.')
  const servers = new Map<string, RunningServer>()
  try {
    for (const [name, launch] of Object.entries(contestants({ folder, redisUrl: redis?.url ?? null }))) {
      if (!options.quick || isQuick(name)) servers.set(name, await startServer(launch))
    }
    const subjects = (await prepare(servers)).filter(
      ({ work, quick }) => (quick || !options.quick) && work.includes(options.only),
    )
    const onRound = (round: number) => note(`round ${round} of ${rounds}: ${subjects.length} jobs of ${seconds} s`)
    const samples = await measure(subjects, servers, { rounds, seconds, warmUp: 1, folder, onRound })
    report(samples)
  }
  finally {
    await Promise.all([...servers.values()].map(server => server.stop()))
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(samples: Parameters<typeof lines>[0]) {
  const made = conditions(rounds, seconds, Object.fromEntries(PEERS.map(name => [name, versionOf(name)])))
  const ratios = verdicts(samples)
  const text = markdown(made, lines(samples), ratios)
  if (options.json) console.log(JSON.stringify({ ...made, ratios, lines: lines(samples), samples }, null, 2))
  else console.log(text)
  if (options.write) putBetween('measured', text)
}

function versionOf(name: string): string {
  return (
    JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string
    }
  ).version
}

function note(text: string) {
  console.error(text)
}
