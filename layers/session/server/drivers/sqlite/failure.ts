import { StoreError } from '../../engine/store'

/** SQLite's primary result codes that a person can do something about. */
const PROBLEMS: Record<number, string> = {
  5: 'is locked by another process for too long',
  8: 'is read-only. Check who owns it and how its disk is mounted',
  10: 'cannot be read or written (disk error)',
  11: 'is damaged. Stop the server, keep a copy, and restore it or remove it to start without sessions',
  13: 'cannot grow: the disk is full',
  14: 'cannot be opened. Check that its folder exists and may be written',
  26: 'is not a SQLite database. Point NUXT_SESSION_STORE at another file',
}

export const BUSY = 5

/** SQLite's primary result code of an error from `node:sqlite`, if it is one. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xFF : undefined
}

/** Says what happened to the file, and keeps the original error as the cause. */
export function sqliteFailure(path: string, error: unknown): StoreError {
  const problem = PROBLEMS[resultCode(error) ?? 0] ?? 'failed'
  return new StoreError('sqlite', `${path} ${problem}`, { cause: error })
}
