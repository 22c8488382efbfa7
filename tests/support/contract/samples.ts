import type {
  AtomicDriver, RecordMeta, UserLimit, UserRecordMeta,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'

/** Returns the driver of the running test. */
export type CurrentDriver = () => AtomicDriver

const MINUTE = 60_000
/** The real time, for stores with their own clock. No timeout below is short enough to expire during a test. */
export const NOW = Date.now()
export const IDLE = 10 * MINUTE
export const ABSOLUTE = 10 * IDLE
export const KEYS = Array.from({ length: 40 }, (_, i) => (i + 1).toString(16).padStart(32, '0'))
export const [A, B, C] = KEYS as [string, string, string]
/** A limit that no test reaches unless it overrides `max`. */
export const LIMIT: UserLimit = { startedAt: NOW, max: 20, policy: 'evict-oldest' }

/** Metadata of an anonymous session. */
export function meta(overrides: Partial<RecordMeta> = {}): RecordMeta {
  return { userId: null, createdAt: NOW, lastSeenAt: NOW, idleTimeout: IDLE, expiresAt: NOW + ABSOLUTE, ...overrides }
}

/** Metadata of a session of a user. */
export function userMeta(userId: string, overrides: Partial<RecordMeta> = {}): UserRecordMeta {
  return { ...meta(overrides), userId }
}

/** The keys of the user's records, in the order in which the driver lists them. */
export async function keysOf(driver: AtomicDriver, userId: string): Promise<string[]> {
  return (await driver.listByUser(userId)).map(({ key }) => key)
}
