import { Redis } from 'ioredis'
import type { Driver } from 'unstorage'
import type { RedisKeys } from './keys'
import type { RedisClient } from './scripts'

const SCAN_COUNT = 500
const NEVER = Number.MAX_SAFE_INTEGER

type Ask = <T>(question: () => Promise<T>) => Promise<T>

export interface PlainSurroundings {
  readonly leaveAnonymous: (...keys: string[]) => Promise<unknown>
  readonly announceAnything: () => void
}

/** unstorage's own verbs. A value that is set through them is nobody's and never ends. */
export function plainVerbs(client: RedisClient, keys: RedisKeys, ask: Ask, { leaveAnonymous, announceAnything }: PlainSurroundings) {
  async function namesOf(base: string): Promise<string[]> {
    const nodes = client instanceof Redis ? [client] : client.nodes('master')
    const names: string[] = []
    for (const node of nodes) {
      for await (const batch of node.scanStream({ match: `${keys.session(escapePattern(base))}*`, count: SCAN_COUNT })) names.push(...batch as string[])
    }
    return [...new Set(names)] // SCAN may name a key twice.
  }

  async function liveNamesOf(base: string): Promise<string[]> {
    const names = await namesOf(base)
    const live = await Promise.all(names.map(name => client.hexists(name, 'v')))
    return names.filter((_, i) => live[i] === 1)
  }

  async function remove(...gone: string[]) {
    await Promise.all(gone.map(key => client.del(keys.session(key))))
    await leaveAnonymous(...gone)
    announceAnything()
  }

  return {
    getItem: key => ask(() => client.hget(keys.session(key), 'v')),
    hasItem: key => ask(async () => await client.hexists(keys.session(key), 'v') === 1),
    setItem: (key, value) => ask(async () => {
      await client.multi().del(keys.session(key)).hset(keys.session(key), { v: value, n: 1, o: '', t: 0, i: NEVER, x: NEVER }).exec()
      await leaveAnonymous(key)
    }),
    removeItem: key => ask(() => remove(key)),
    getKeys: (base = '') => ask(async () => (await liveNamesOf(base)).map(keys.parse)),
    clear: (base = '') => ask(async () => remove(...(await namesOf(base)).map(keys.parse))),
  } satisfies Driver
}

function escapePattern(text: string): string {
  return text.replace(/[[\]*?\\]/g, '\\$&')
}
