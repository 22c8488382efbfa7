import { StoreError } from '../../sessions/store'
import { redisFailure, withoutArguments } from './failure'
import type { RedisClient } from './scripts'

/** The first version with ZADD GT, ZRANGE BYSCORE and the other commands that the driver uses. */
const OLDEST = [6, 2] as const
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
  let versionError: StoreError | undefined
  let isPrepared = false
  let isFirstError = true
  const first = Promise.withResolvers<undefined>()
  const timeout = setTimeout(first.resolve, FIRST_CONNECTION_TIMEOUT_MS, undefined).unref()
  const warnAboutEviction = evictionWarning(client, warn)

  client.on('error', (error) => {
    lastError = withoutArguments(error)
    if (!isFirstError) return
    isFirstError = false
    if (!isPrepared) warn(describeFirstFailure(lastError))
  })
  client.on('ready', async () => {
    lastError = undefined
    const known = versionError
    versionError = await findVersionError(client)
    if (versionError && !known) warn(versionError.message)
    await prepare().catch(() => {}) // The connection broke again; the next one prepares again.
    isPrepared = versionError === undefined
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
      if (versionError) throw versionError
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

/** A start without a store is not refused, because a store may start later than its servers. */
function describeFirstFailure(error: Error): string {
  const { message } = redisFailure(error, 'is not connected')
  return `${message} (${error.message}). Until it is, requests that need a session respond with 503.`
}

/** An ACL may forbid INFO; then the version is unknown, and not checked. Valkey and others name a version of Redis. */
async function findVersionError(client: RedisClient): Promise<StoreError | undefined> {
  const info = await client.info('server').catch(() => '')
  const [, version, major, minor] = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(info) ?? []
  if (version === undefined) return undefined
  const isTooOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])
  return isTooOld ? new StoreError('redis', `is version ${version}, but ${OLDEST.join('.')} is required`) : undefined
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
