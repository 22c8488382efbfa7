const WAIT_MS = 5000

/** How many rows the sessions of a SQLite store have, while the server runs. @throws Error if it is not one */
export function countRows(file: string): number {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite') // Importing it prints a warning on Node 22.
  const database = new DatabaseSync(file, { readOnly: true, timeout: WAIT_MS })
  try {
    return Number(database.prepare('SELECT count(*) AS rows FROM sessions').get()!.rows)
  }
  finally {
    database.close()
  }
}
