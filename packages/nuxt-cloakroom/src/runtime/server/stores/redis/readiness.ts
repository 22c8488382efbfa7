import { StoreError } from '../../sessions/store'
import { redisFailure, withoutArguments } from './failure'
import type { RedisClient } from './scripts'

/** How long the first requests after a start wait for the connection. */
const FIRST_CONNECTION_TIMEOUT_MS = 2000

export interface ReadinessOptions {
  /** Runs before the first request, and again at each new connection. */
  readonly prepare: () => Promise<void>
  readonly warn: (message: string) => void
}

/** Follows a client's connection: waits for the first one, remembers why there is none, closes it. */
export function whenReady(client: RedisClient, { prepare, warn }: ReadinessOptions) {
  let lastError: Error | undefined
  let isPrepared = false
  const first = Promise.withResolvers<undefined>()
  const timeout = setTimeout(first.resolve, FIRST_CONNECTION_TIMEOUT_MS, undefined).unref()
  const warnAboutEviction = evictionWarning(client, warn)

  client.on('error', (error) => {
    lastError = withoutArguments(error)
  })
  client.on('ready', async () => {
    lastError = undefined
    await prepare().catch(() => {}) // The connection broke again; the next one prepares again.
    isPrepared = true
    first.resolve(undefined)
    await warnAboutEviction().catch(() => {}) // An ACL may forbid CONFIG; then there is no warning.
  })

  const isReady = () => isPrepared && client.status === 'ready'

  return {
    isReady,
    /** Resolves when there is a connection. @throws StoreError if there is none */
    async ready(): Promise<void> {
      await first.promise
      if (isReady()) return
      throw lastError ? redisFailure(lastError, 'is not connected') : new StoreError('redis', 'is not connected')
    },
    /** Waits for commands in flight, then disconnects. */
    async close(): Promise<void> {
      clearTimeout(timeout)
      first.resolve(undefined)
      await client.quit().catch(() => client.disconnect())
    },
  }
}

/** Warns once about each policy that drops sessions, not at every new connection. */
function evictionWarning(client: RedisClient, warn: (message: string) => void) {
  let known = 'noeviction'
  return async () => {
    const [, policy = known] = await client.config('GET', 'maxmemory-policy') as string[]
    if (policy !== known && policy !== 'noeviction') {
      warn(`[cloakroom] [store:redis] maxmemory-policy is "${policy}", so Redis drops sessions when memory runs short, `
        + `and users are signed out. Set it to noeviction.`)
    }
    known = policy
  }
}
