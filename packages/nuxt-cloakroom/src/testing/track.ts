import assert from 'node:assert/strict'
import type { SessionEngine } from '../runtime/server/sessions/engine'
import { SessionError } from '../runtime/server/sessions/errors'
import { Visitor } from './visitor'

/** What a race runs on: engines that share one store, like several servers. One is enough. */
export interface RaceTrack {
  readonly engines: readonly [SessionEngine, ...SessionEngine[]]
  /** How often a race of two is repeated. Default 100. */
  readonly rounds?: number
}

/** How many requests a race of many has. */
export const PARALLEL = 64

/** Retries what fails with 409 because other requests were faster, like a client. */
export async function retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt()
    }
    catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'conflict') throw error
    }
  }
}

export function refused(error: unknown) {
  assert.ok(error instanceof SessionError && error.code === 'conflict', `${error}`)
}

export async function withSession({ engines }: RaceTrack): Promise<Visitor> {
  const visitor = new Visitor(engines[0])
  await visitor.request(session => session.update({}))
  return visitor
}

export function increment(session: Awaited<ReturnType<Visitor['begin']>>) {
  return session.update((draft) => {
    draft.count = (draft.count ?? 0) + 1
  })
}

export function engineOf({ engines }: RaceTrack, i: number): SessionEngine {
  return engines[i % engines.length]!
}

/** How many sessions the store holds. */
export async function recordsOf({ engines }: RaceTrack): Promise<number> {
  return (await engines[0].store.driver.getKeys('', {})).length
}

export function rounds({ rounds = 100 }: RaceTrack): number {
  return rounds
}

export function all<Result>(count: number, task: (i: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => task(i)))
}

export async function repeat(track: RaceTrack, round: (number: number) => Promise<void>) {
  for (let i = 0; i < rounds(track); i++) await round(i)
}
