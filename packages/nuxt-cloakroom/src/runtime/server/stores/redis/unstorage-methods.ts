import { Redis } from 'ioredis'
import type { Driver } from 'unstorage'
import type { RedisKeys } from './keys'
import type { RedisClient } from './scripts'

const SCAN_COUNT = 500
const NEVER = Number.MAX_SAFE_INTEGER

/** Runs commands once there is a connection, and turns errors into `StoreError`. */
export type RunCommands = <T>(commands: () => Promise<T>) => Promise<T>

export interface UnstorageDeps {
  readonly client: RedisClient
  readonly keys: RedisKeys
  readonly run: RunCommands
  readonly removeAnonymous: (...keys: string[]) => Promise<unknown>
  /** Publishes that something changed. */
  readonly publishUnknown: () => void
}

/** unstorage's own methods. A value that is set through them has no user and never expires. */
export function unstorageMethods({ client, keys, run, removeAnonymous, publishUnknown }: UnstorageDeps) {
  async function namesOf(base: string): Promise<string[]> {
    const nodes = client instanceof Redis ? [client] : client.nodes('master')
    const match = `${keys.session(escapePattern(base))}*`
    const names = new Set<string>() // SCAN may return a key twice.
    for (const node of nodes) {
      for await (const batch of node.scanStream({ match, count: SCAN_COUNT })) {
        for (const name of batch as string[]) names.add(name)
      }
    }
    return [...names]
  }

  async function recordNamesOf(base: string): Promise<string[]> {
    const names = await namesOf(base)
    const hasValue = await Promise.all(names.map(name => client.hexists(name, 'v')))
    return names.filter((_, i) => hasValue[i] === 1)
  }

  async function remove(...removed: string[]) {
    await Promise.all(removed.map(key => client.del(keys.session(key))))
    await removeAnonymous(...removed)
    publishUnknown()
  }

  return {
    getItem: key => run(() => client.hget(keys.session(key), 'v')),
    hasItem: key => run(async () => await client.hexists(keys.session(key), 'v') === 1),
    setItem: (key, value) => run(async () => {
      const fields = { v: value, n: 1, o: '', t: 0, i: NEVER, x: NEVER }
      await client.multi().del(keys.session(key)).hset(keys.session(key), fields).exec()
      await removeAnonymous(key)
    }),
    removeItem: key => run(() => remove(key)),
    getKeys: (base = '') => run(async () => (await recordNamesOf(base)).map(keys.parse)),
    clear: (base = '') => run(async () => remove(...(await namesOf(base)).map(keys.parse))),
  } satisfies Driver
}

function escapePattern(text: string): string {
  return text.replace(/[[\]*?\\]/g, '\\$&')
}
