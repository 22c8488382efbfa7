import type { Sample } from './rounds.ts'
import { median } from './rounds.ts'

/** A ratio of throughputs that this project has to reach. */
interface Target {
  readonly what: string
  readonly work: string
  readonly over: string
  readonly under: string
  readonly least: number
  readonly goal?: number
}

const ROUTE = 'Nitro route, no session'
const SQLITE = 'ours, SQLite'

const TARGETS: readonly Target[] = [
  {
    what: 'read, SQLite / the same Nitro route without a session',
    work: 'read',
    over: SQLITE,
    under: ROUTE,
    least: 0.7,
    goal: 0.85,
  },
  {
    what: 'read, SQLite / express-session MemoryStore',
    work: 'read',
    over: SQLITE,
    under: 'express-session, memory',
    least: 1.8,
  },
  { what: 'read, SQLite / h3 useSession', work: 'read', over: SQLITE, under: 'h3 useSession', least: 5 },
  { what: 'read, SQLite / nuxt-auth-utils', work: 'read', over: SQLITE, under: 'nuxt-auth-utils', least: 5 },
  {
    what: 'read, Redis / express-session, connect-redis',
    work: 'read',
    over: 'ours, Redis',
    under: 'express-session, Redis',
    least: 1.3,
  },
  {
    what: 'durable create, SQLite / express-session MemoryStore create',
    work: 'create',
    over: SQLITE,
    under: 'express-session, memory',
    least: 1,
    goal: 1.5,
  },
  {
    what: 'forged cookie, each opened / Nitro route',
    work: 'forged cookie',
    over: 'each one opened',
    under: ROUTE,
    least: 0.75,
  },
  {
    what: 'forged cookie, refused by the limit / Nitro route',
    work: 'forged cookie',
    over: 'refused (429)',
    under: ROUTE,
    least: 0.75,
  },
  {
    what: 'page, with a session / without',
    work: 'page',
    over: 'with a session',
    under: 'without a session',
    least: 0.9,
  },
]

/**
 * The result for a target. Each ratio is formed within one round, so other load on the machine affects both sides
 * alike.
 */
export interface Verdict extends Target {
  readonly median: number
  readonly lowest: number
  readonly highest: number
  /**
   * The same ratio by CPU time per request, which other programs affect less. `null` if the system does not report it.
   */
  readonly byCpu: number | null
}

/** Compares the samples with the targets. Leaves out a target whose work was not measured. */
export function verdicts(samples: readonly Sample[]): Verdict[] {
  return TARGETS.flatMap((target) => {
    const of = (label: string) => samples.filter(sample => sample.work === target.work && sample.label === label)
    const pairs = of(target.over).flatMap(over =>
      of(target.under)
        .filter(({ round }) => round === over.round)
        .map(under => [over, under] as const),
    )
    if (pairs.length === 0) return []
    const ratios = pairs.map(([over, under]) => over.perSecond / under.perSecond)
    const byCpu = pairs.map(([over, under]) =>
      over.cpuMicros && under.cpuMicros ? under.cpuMicros / over.cpuMicros : null,
    )
    return [
      {
        ...target,
        median: median(ratios),
        lowest: Math.min(...ratios),
        highest: Math.max(...ratios),
        byCpu: byCpu.every(ratio => ratio !== null) ? median(byCpu) : null,
      },
    ]
  })
}
