import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HANG_MS } from './limits.ts'

const MONTH_MS = 30 * 24 * 3_600_000

/** Every row of every table of a SQLite store, read beside the running server: equal dumps mean that nothing changed. */
export function dumpStore(file: string): Record<string, unknown[]> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: HANG_MS })
  try {
    const tables = database.prepare('SELECT name FROM sqlite_master WHERE type = \'table\' ORDER BY name').all()
    return Object.fromEntries(tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${name}"`).all()]))
  }
  finally {
    database.close()
  }
}

/** Lets every session in the store run past its idle end, as if nobody had come for a month. */
export function expireSessions(file: string): void {
  changeDatabase(file, `UPDATE sessions SET last_seen_at = last_seen_at - ${MONTH_MS}`)
}

/** Changes a SQLite file behind the server's back, as time or an accident would. */
export function changeDatabase(file: string, statement: string): void {
  changeWith(file, database => database.exec(statement))
}

/** As {@link changeDatabase}, for what takes more than a statement. */
export function changeWith<Result>(file: string, change: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(file, { timeout: HANG_MS })
  try {
    return change(database)
  }
  finally {
    database.close()
  }
}

/** Takes the store's write lock, so that the server's own writes fail; the result gives it back. */
export function lockStore(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: HANG_MS })
  database.exec('BEGIN EXCLUSIVE')
  return () => database.close()
}

/** Takes the store's file away, so that the server cannot even read; the result puts it back. */
export function hideStore(file: string): () => void {
  renameSync(file, `${file}.away`)
  return () => renameSync(`${file}.away`, file)
}
