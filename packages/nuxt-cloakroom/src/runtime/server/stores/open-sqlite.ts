import type { StoreOpener } from './open-store'
import { sqliteDriver } from './sqlite'

/** A file, and what to do if it is damaged. */
const LOCATION = /^([^?]+)(?:\?corrupt=(refuse|reset))?$/

/** Opens `sqlite:FILE`. */
export const openSqlite: StoreOpener = (rest, _url, { warn }) => {
  const [, path, onCorrupt] = LOCATION.exec(rest) ?? []
  if (!path) return undefined
  const driver = sqliteDriver({ path, onCorrupt: onCorrupt === 'reset' ? 'reset' : 'refuse', warn })
  return { driver, defaultKeys: { file: `${path.replace(/\.(?:db|sqlite3?)$/, '')}.keys` } }
}
