import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { DelayMs, SeenRequest } from '../../shared/compare/log'

/** One click on the page's button: the page's origin, and what the server has seen since. */
export interface Run {
  id: string
  /** The origin of the page, which is the one that the right settings allow. */
  origin: string
  /** Milliseconds added to each response of the job, including preflights. */
  delayMs: DelayMs
  seen: SeenRequest[]
  /** The sessions of the comparison: the value for each cookie. */
  values: Map<string, string>
}

const MAX_RUNS = 20
/** Several times as many as a run of the page needs. */
const MAX_REQUESTS = 1_000

/** The last {@link MAX_RUNS} runs, in memory. The least recently used run is evicted first. */
export class Runs {
  readonly #runs = new LRUCache<string, Run>({ max: MAX_RUNS })

  start(origin: string, delayMs: DelayMs): Run {
    const run: Run = { id: randomUUID(), origin, delayMs, seen: [], values: new Map() }
    this.#runs.set(run.id, run)
    return run
  }

  /** Returns null if there is no such run, or if it has reached its maximum number of requests. */
  find(id: string): Run | null {
    const run = this.#runs.get(id)
    return run && run.seen.length < MAX_REQUESTS ? run : null
  }
}
