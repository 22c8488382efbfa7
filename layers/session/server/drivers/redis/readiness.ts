import { StoreError } from '../../engine/store'
import { redisFailure, withoutArguments } from './failure'
import type { RedisClient } from './scripts'

/** How long the first requests after a start wait for the connection. */
const FIRST_CONNECTION_MS = 2000

export interface ReadinessOptions {
  /** What must be known of the server before the first request. Done again at each new connection. */
  readonly prepare: () => Promise<void>
  readonly warn: (message: string) => void
}

/** Follows a client's connection: waits for the first one, remembers why there is none, closes it. */
export function whenReady(client: RedisClient, { prepare, warn }: ReadinessOptions) {
  let lastError: Error | undefined
  let prepared = false
  const first = Promise.withResolvers<undefined>()
  const patience = setTimeout(first.resolve, FIRST_CONNECTION_MS, undefined).unref()
  const warnOfEviction = evictionWarning(client, warn)

  client.on('error', error => lastError = withoutArguments(error))
  client.on('ready', async () => {
    lastError = undefined
    await prepare().catch(() => {}) // A connection that broke again at once; the next one prepares anew.
    prepared = true
    first.resolve(undefined)
    await warnOfEviction().catch(() => {}) // An ACL may forbid CONFIG; then there is nothing to warn of.
  })

  const isReady = () => prepared && client.status === 'ready'

  return {
    isReady,
    /** Resolves when there is a connection. @throws StoreError when there is none */
    async ready(): Promise<void> {
      await first.promise
      if (!isReady()) throw lastError ? redisFailure(lastError, 'is not connected') : new StoreError('redis', 'is not connected')
    },
    /** Waits for what was asked already, then disconnects. */
    async close(): Promise<void> {
      clearTimeout(patience)
      first.resolve(undefined)
      await client.quit().catch(() => client.disconnect())
    },
  }
}

/** Warns once of each policy that drops sessions, not at every new connection. */
function evictionWarning(client: RedisClient, warn: (message: string) => void) {
  let known = 'noeviction'
  return async () => {
    const [, policy = known] = await client.config('GET', 'maxmemory-policy') as string[]
    if (policy !== known && policy !== 'noeviction') {
      warn(`[session] [store:redis] maxmemory-policy is "${policy}", so Redis drops sessions when memory runs short, and users are signed out. Set it to noeviction.`)
    }
    known = policy
  }
}
