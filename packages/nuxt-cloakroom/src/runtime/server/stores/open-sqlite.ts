import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { StoreOpener } from './open-store'
import { sqliteDriver } from './sqlite'

/** A file, and what to do if it is damaged. */
const LOCATION = /^([^?]+)(?:\?corrupt=(refuse|reset))?$/

/** Opens `sqlite:FILE`. */
export const openSqlite: StoreOpener = (rest, _url, { warn }) => {
  const [, path, onCorrupt] = LOCATION.exec(rest) ?? []
  if (!path) return undefined
  const isNew = !existsSync(path)
  const driver = sqliteDriver({ path, onCorrupt: onCorrupt === 'reset' ? 'reset' : 'refuse', warn })
  const location = `sqlite:${resolve(path)}`
  return { driver, location, isNew, defaultKeys: { file: `${path.replace(/\.(?:db|sqlite3?)$/, '')}.keys` } }
}
