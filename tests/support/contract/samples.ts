import type { AtomicDriver, OwnedMeta, OwnerGuard, RecordMeta } from '../../../layers/session/server/engine/store'

/** The driver of the test that is running. */
export type Subject = () => AtomicDriver

const MINUTE = 60_000
/** The present, for stores that know the time themselves; nothing here lasts long enough to end by itself. */
export const NOW = Date.now()
export const IDLE = 10 * MINUTE
export const ABSOLUTE = 10 * IDLE
export const KEYS = Array.from({ length: 40 }, (_, i) => (i + 1).toString(16).padStart(32, '0'))
export const [A, B, C] = KEYS as [string, string, string]
export const GUARD: OwnerGuard = { startedAt: NOW, max: 20, policy: 'evict-oldest' }

export function meta(change: Partial<RecordMeta> = {}): RecordMeta {
  return { owner: null, createdAt: NOW, lastSeenAt: NOW, idleTimeout: IDLE, expiresAt: NOW + ABSOLUTE, ...change }
}

export function owned(owner: string, change: Partial<RecordMeta> = {}): OwnedMeta {
  return { ...meta(change), owner }
}

export async function keysOf(driver: AtomicDriver, owner: string): Promise<string[]> {
  return (await driver.listByOwner(owner)).map(({ key }) => key)
}
