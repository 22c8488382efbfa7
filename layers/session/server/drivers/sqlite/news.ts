import type { DatabaseSync } from 'node:sqlite'
import type { AtomicDriver } from '../../engine/store'

/** Milliseconds between two looks: half of the second within which an end is to be known everywhere. */
const LOOK_EVERY = 500

/**
 * Tells when another process has written to the file, which costs two microseconds to find out: a number that changes when another connection
 * commits, and never by what this one writes (https://sqlite.org/pragma.html#pragma_data_version). Not what it has written.
 */
export function sqliteNews(db: DatabaseSync, ask: <Result>(question: () => Result) => Result): NonNullable<AtomicDriver['listen']> {
  const statement = db.prepare('PRAGMA data_version')
  let seen: unknown

  function hasChanged(): boolean {
    const before = seen
    try {
      seen = ask(() => statement.get()?.data_version)
    }
    catch {
      // An outage, of which whoever needs a session is told. The number shows afterwards what happened meanwhile.
    }
    return before !== undefined && seen !== before
  }

  return (hear) => {
    hasChanged()
    const timer = setInterval(() => hasChanged() && hear('anything'), LOOK_EVERY).unref()
    return () => clearInterval(timer)
  }
}
