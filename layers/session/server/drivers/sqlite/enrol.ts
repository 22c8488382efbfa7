import type { Enrolment, OwnedMeta, OwnerGuard } from '../../engine/store'
import { bury } from './bury'
import type { Statements } from './statements'

/** What `enrol` does inside a transaction. */
export function enrol(sql: Statements, key: string, value: string, meta: OwnedMeta, guard: OwnerGuard, expectedVersion?: number): Enrolment {
  const refusal = refusalOf(sql, key, meta.owner, guard.startedAt, expectedVersion)
  if (refusal) return { outcome: refusal, evicted: [] }
  const surplus = sql.surplusOf.all(meta.owner, key, meta.lastSeenAt, Math.max(0, guard.max - 1)) as unknown as [string][]
  if (surplus.length > 0 && guard.policy === 'reject') return { outcome: 'full', evicted: [] }
  const evicted = surplus.map(([other]) => other)
  for (const other of evicted) bury(sql, other, meta.lastSeenAt, 'evicted')
  sql.enrol.run(key, (expectedVersion ?? 0) + 1, meta.owner, meta.createdAt, meta.lastSeenAt, meta.idleTimeout, meta.expiresAt, value)
  return { outcome: 'written', evicted }
}

function refusalOf(sql: Statements, key: string, owner: string, startedAt: number, expectedVersion?: number): Enrolment['outcome'] | undefined {
  if (expectedVersion === undefined) {
    if (sql.exists.get(key)) return 'exists'
  }
  else {
    const [version] = (sql.version.get(key) ?? []) as unknown as [number?]
    if (version === undefined) return 'gone'
    if (version !== expectedVersion) return 'conflict'
  }
  const [revokedAt = -1] = (sql.revokedAt.get(owner) ?? []) as unknown as [number?]
  return revokedAt >= startedAt ? 'revoked' : undefined
}
