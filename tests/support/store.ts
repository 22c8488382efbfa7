import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HANG_MS } from './limits.ts'

const MONTH_MS = 30 * 24 * 3_600_000

/** All rows of all tables of a SQLite store, read while the server runs: equal dumps mean that nothing has changed. */
export function dumpStore(file: string): Record<string, unknown[]> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: HANG_MS })
  try {
    const tables = database.prepare('SELECT name FROM sqlite_master WHERE type = \'table\' ORDER BY name').all()
    const rowsOf = (table: string) => database.prepare(`SELECT * FROM "${table}"`).all()
    return Object.fromEntries(tables.map(({ name }) => [String(name), rowsOf(String(name))]))
  }
  finally {
    database.close()
  }
}

/** Moves the last activity of every session in the store back by a month, past its idle timeout. */
export function expireSessions(file: string): void {
  changeDatabase(file, `UPDATE sessions SET last_seen_at = last_seen_at - ${MONTH_MS}`)
}

/** Changes a SQLite file without the server's knowledge. */
export function changeDatabase(file: string, statement: string): void {
  changeWith(file, database => database.exec(statement))
}

/** Like {@link changeDatabase}, for changes that need more than one statement. */
export function changeWith<Result>(file: string, change: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(file, { timeout: HANG_MS })
  try {
    return change(database)
  }
  finally {
    database.close()
  }
}

/** Takes the store's write lock, so that the server's writes fail, until the returned function is called. */
export function lockStore(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: HANG_MS })
  database.exec('BEGIN EXCLUSIVE')
  return () => database.close()
}

/** Moves the store's file away, so that even the server's reads fail, until the returned function is called. */
export function hideStore(file: string): () => void {
  renameSync(file, `${file}.away`)
  return () => renameSync(`${file}.away`, file)
}
