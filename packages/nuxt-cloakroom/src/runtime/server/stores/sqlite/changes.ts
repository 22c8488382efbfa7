import type { DatabaseSync } from 'node:sqlite'
import type { AtomicDriver } from '../../sessions/store'

/** Half of the second within which the end of a session is noticed by all processes. */
const POLL_INTERVAL_MS = 500

/**
 * Reports that another process has written to the file, but not what. The check takes two microseconds: it reads a
 * number that changes when another connection commits, and never for this one
 * (https://sqlite.org/pragma.html#pragma_data_version).
 */
export function sqliteChanges(
  db: DatabaseSync,
  read: <Result>(query: () => Result) => Result,
): NonNullable<AtomicDriver['subscribe']> {
  const statement = db.prepare('PRAGMA data_version')

  /** Returns the version before if the file cannot be read. */
  function readVersion(before?: unknown): unknown {
    try {
      return read(() => statement.get()?.data_version)
    }
    catch {
      // An outage, which each request that needs a session reports. Afterwards the number shows what was missed.
      return before
    }
  }

  return (listener) => {
    let version = readVersion()
    const timer = setInterval(() => {
      const before = version
      version = readVersion(before)
      if (before !== undefined && version !== before) listener('unknown')
    }, POLL_INTERVAL_MS).unref()
    return () => clearInterval(timer)
  }
}
