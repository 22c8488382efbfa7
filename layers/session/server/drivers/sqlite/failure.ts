import { StoreError } from '../../engine/store'

/** SQLite's primary result codes that a person can do something about. */
const PROBLEMS: Record<number, string> = {
  5: 'is locked by another process for too long',
  8: 'is read-only. Check who owns it and how its disk is mounted',
  10: 'cannot be read or written (disk error)',
  11: 'is damaged. Stop the server, keep a copy, and restore it or remove it to start without sessions; with "?corrupt=reset" behind its name it is moved aside at the start',
  13: 'cannot grow: the disk is full',
  14: 'cannot be opened. Check that its folder exists and may be written',
  26: 'is not a SQLite database. Point NUXT_SESSION_STORE at another file',
}

export const BUSY = 5
const CANNOT_OPEN = 14
export const CORRUPT = 11
export const FULL = 13
export const NOT_A_DATABASE = 26

/** Too large, against a constraint, of the wrong type, a wrong parameter: what is wrong with one write, and not with the file. */
const OF_ONE_STATEMENT: readonly unknown[] = [18, 19, 20, 25]

/** What Node says where SQLite would say that the file cannot be opened. */
const NOT_ACCESSIBLE: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST']

/** SQLite's primary result code of an error from `node:sqlite`, if it is one. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xFF : undefined
}

/** Whether only one write cannot be done, while others can. */
export function isOfOneStatement(error: unknown): boolean {
  const code = resultCode(error)
  return code === undefined || OF_ONE_STATEMENT.includes(code)
}

/** Says what happened to the file, and keeps the original error as the cause. */
export function sqliteFailure(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const inaccessible = NOT_ACCESSIBLE.includes((error as NodeJS.ErrnoException | null)?.code)
  const problem = PROBLEMS[resultCode(error) ?? (inaccessible ? CANNOT_OPEN : 0)] ?? 'failed'
  return new StoreError('sqlite', `${path} ${problem}`, { cause: error })
}
