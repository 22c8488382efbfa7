import { once } from 'node:events'
import { StoreError } from '../../engine/store'
import type { RedisClient } from './scripts'

/** How long the first requests after a start wait for the connection. */
const FIRST_CONNECTION_MS = 2000

/** Follows a client's connection: waits for the first one, remembers why there is none, closes it. */
export function whenReady(client: RedisClient, warn: (message: string) => void) {
  let lastError: Error | undefined
  let first: Promise<void> | undefined = once(client, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECTION_MS) }).then(() => {}, () => {}).finally(() => first = undefined)
  client.on('error', error => lastError = error)
  client.on('ready', () => {
    lastError = undefined
    warnOfEviction(client, warn).catch(() => {}) // An ACL may forbid CONFIG; then there is nothing to warn of.
  })

  const isReady = () => client.status === 'ready'

  return {
    isReady,
    lastError: () => lastError,
    /** Resolves when there is a connection. @throws StoreError when there is none */
    async ready(): Promise<void> {
      if (first && !isReady()) await first
      if (!isReady()) throw new StoreError('redis', 'is not connected', { cause: lastError })
    },
    /** Waits for what was asked already, then disconnects. */
    async close(): Promise<void> {
      await client.quit().catch(() => client.disconnect())
    },
  }
}

async function warnOfEviction(client: RedisClient, warn: (message: string) => void) {
  const [, policy] = await client.config('GET', 'maxmemory-policy') as string[]
  if (policy && policy !== 'noeviction') {
    warn(`[session] [store:redis] maxmemory-policy is "${policy}", so Redis drops sessions when memory runs short, and users are signed out. Set it to noeviction.`)
  }
}
