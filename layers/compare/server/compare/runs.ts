import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { DelayMs, SeenRequest } from '../../shared/compare/log'

/** One press of the page's button: who pressed it, and what the server has seen since. */
export interface Run {
  id: string
  /** The origin of the page: the one that a right setting allows. */
  origin: string
  /** Added to each answer of the job, preflights too. */
  delayMs: DelayMs
  seen: SeenRequest[]
  /** The comparison's own sessions: the value that belongs to a cookie. */
  values: Map<string, string>
}

const MAX_RUNS = 20
/** Several times what a run of the page needs. */
const MAX_REQUESTS = 1_000

/** The last runs, in memory: older ones are forgotten. */
export class Runs {
  readonly #runs = new LRUCache<string, Run>({ max: MAX_RUNS })

  start(origin: string, delayMs: DelayMs): Run {
    const run: Run = { id: randomUUID(), origin, delayMs, seen: [], values: new Map() }
    this.#runs.set(run.id, run)
    return run
  }

  /** Null if there is none, or it has seen as much as it may. */
  find(id: string): Run | null {
    const run = this.#runs.get(id)
    return run && run.seen.length < MAX_REQUESTS ? run : null
  }
}
