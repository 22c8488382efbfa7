import { StoreError } from '../../sessions/store'

/** SQLite's primary result codes that an operator can do something about. */
const PROBLEMS: Record<number, string> = {
  5: 'is locked by another process for too long',
  8: 'is read-only. Check who owns it and how its disk is mounted',
  10: 'cannot be read or written (disk error)',
  11: 'is damaged. Stop the server, keep a copy, and restore it or remove it to start without sessions; '
    + 'with "?corrupt=reset" after its name it is moved aside at the start',
  13: 'cannot grow: the disk is full',
  14: 'cannot be opened. Check that its folder exists and is writable',
  26: 'is not a SQLite database. Point NUXT_CLOAKROOM_STORE at another file',
}

export const BUSY = 5
const CANNOT_OPEN = 14
export const CORRUPT = 11
export const FULL = 13
export const NOT_A_DATABASE = 26

/** Too large, constraint, wrong type, wrong parameter: a problem of one write, not of the file. */
const STATEMENT_CODES: readonly unknown[] = [18, 19, 20, 25]

/** What Node reports where SQLite would say that the file cannot be opened. */
const ACCESS_CODES: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST']

/** SQLite's primary result code of an error from `node:sqlite`; `undefined` for another error. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xFF : undefined
}

/** Whether only one write cannot be done, while others can. */
export function isStatementError(error: unknown): boolean {
  const code = resultCode(error)
  return code === undefined || STATEMENT_CODES.includes(code)
}

/** Describes what happened to the file, with the original error as the cause. */
export function sqliteFailure(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const isInaccessible = ACCESS_CODES.includes((error as NodeJS.ErrnoException | null)?.code)
  const problem = PROBLEMS[resultCode(error) ?? (isInaccessible ? CANNOT_OPEN : 0)] ?? 'failed'
  return new StoreError('sqlite', `${path} ${problem}`, { cause: error })
}
