import assert from 'node:assert/strict'
import type { ModelCookie, ModelSession } from './model'
import { newModelSession } from './model'
import type { ModelProcess } from './process'
import { startProcess } from './process'
import type { OpenRequest } from './request'
import type { ModelStore, PreparedStore } from './stores'

/** Far ahead of the real time, so that Redis, which deletes by its own clock, deletes nothing. */
const START = Date.UTC(2100, 0, 1)
/** By how many milliseconds the clock of each process is ahead. */
const SKEWS = [0, 7, -4]
const BROWSERS = 4

let worlds = 0

export interface WorldOptions {
  readonly store: ModelStore
  readonly prepared: PreparedStore
  readonly onSecretReuse: 'refuse' | 'revoke'
}

/** Real engines on a real store, the browsers, and what the model knows of both. */
export interface World {
  readonly options: WorldOptions
  readonly processes: ModelProcess[]
  readonly users: readonly string[]
  readonly sessions: ModelSession[]
  /** Every cookie that was sent, also those in lost responses. */
  readonly cookies: ModelCookie[]
  /** When all sessions of each user were last ended. */
  readonly revokedAt: Map<string, number>
  /** The cookie that each browser holds. */
  readonly browsers: (ModelCookie | null)[]
  /** Requests that have begun and not ended. */
  requests: OpenRequest[]
  /** Milliseconds since the epoch. */
  now: number
  steps: number
}

export function createWorld(options: WorldOptions): World {
  const world: World = {
    options,
    processes: [],
    users: ['ada', 'bob', 'eve'].map(name => `${name}-${worlds}`),
    sessions: [],
    cookies: [],
    revokedAt: new Map(),
    browsers: Array.from({ length: BROWSERS }, () => null),
    requests: [],
    now: START,
    steps: 0,
  }
  worlds++
  for (let number = 0; number < options.store.processes; number++) startProcessOf(world, number)
  return world
}

/** Starts the process of this number, instead of the one that has ended. */
export function startProcessOf(world: World, number: number): void {
  const { prepared, onSecretReuse } = world.options
  world.processes[number] = startProcess(prepared, () => world.now + SKEWS[number]!, onSecretReuse)
}

/** Empties the store and ends the processes. */
export async function disposeWorld({ processes, options }: World): Promise<void> {
  await processes[0]!.driver.clear!('', {})
  for (const { driver } of processes) await options.prepared.close(driver)
}

export function addSession({ sessions }: World, id: string, now: number): ModelSession {
  assert.ok(sessions.every(session => session.id !== id), 'the id of a new session is new')
  const session = newModelSession(id, now)
  sessions.push(session)
  return session
}

/** The user's sessions that have not ended, also those that have expired unnoticed. */
export function sessionsOf({ sessions }: World, userId: string): ModelSession[] {
  return sessions.filter(session => session.userId === userId && !session.ended)
}

/** Chooses an item, for 0 the last one; `undefined` if there is none. */
export function itemOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items.at(-1 - pick % items.length)
}
