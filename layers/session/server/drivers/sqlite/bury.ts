import type { EndReason } from '../../engine/store'
import { tombstoneEnd } from '../../engine/store'
import type { Statements } from './statements'
import { NEVER } from './statements'

/** Puts a tombstone in the place of a record. `false`: there was none, or for the reason `expired`, none that had ended. */
export function bury(sql: Statements, key: string, at: number, reason: EndReason): boolean {
  const ends = [tombstoneEnd(at, null), tombstoneEnd(at, 'somebody')]
  return sql.remove.run(at, reason, ...ends, key, reason === 'expired' ? at : NEVER).changes === 1
}
