/**
 * Thrown when the file of the accounts cannot be used. The message is for the operator: it names the setting, the
 * problem and the fix.
 */
export class AccountsUnavailableError extends Error {
  override name = 'AccountsUnavailableError'
}

/** SQLite's primary result codes that an operator can do something about. */
const PROBLEMS: Record<number, string> = {
  5: 'is locked by another process for too long. Find the process that holds the lock, and end it',
  8: 'is read-only. Check who owns it and how its disk is mounted',
  10: 'cannot be read or written. Check the disk',
  11: 'is damaged. Stop the server, keep a copy, and restore the file from a backup',
  13: 'cannot grow, because the disk is full. Free some space',
  14: 'cannot be opened. Check that its folder exists and is writable',
  26: 'is not an SQLite database. Set the variable to another file',
}

export const BUSY = 5
export const CORRUPT = 11
export const FULL = 13
const CANNOT_OPEN = 14

/** Too large, constraint, wrong type, wrong parameter: a problem of one statement, not of the file. */
const STATEMENT_CODES: readonly unknown[] = [18, 19, 20, 25]

/** What Node reports where SQLite would say that the file cannot be opened. */
const ACCESS_CODES: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST']

/** SQLite's primary result code of an error from `node:sqlite`; `undefined` for another error. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xFF : undefined
}

/** Describes what happened to the file, with the original error as the cause. Returns other errors as they are. */
export function accountsFailure(path: string, error: unknown): unknown {
  if (ACCESS_CODES.includes((error as NodeJS.ErrnoException | null)?.code)) {
    return fileProblem(path, PROBLEMS[CANNOT_OPEN]!, error)
  }
  const code = resultCode(error)
  if (code === undefined || STATEMENT_CODES.includes(code)) return error
  return fileProblem(path, PROBLEMS[code] ?? 'failed. Check the file and its disk', error)
}

/** @param problem what is wrong, and in a second sentence what to do; without the last full stop */
export function fileProblem(path: string, problem: string, cause?: unknown): AccountsUnavailableError {
  return new AccountsUnavailableError(`[accounts] ${path} (NUXT_ACCOUNTS_FILE) ${problem}.`, { cause })
}
