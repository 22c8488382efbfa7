import { chmodSync, closeSync, fdatasync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BUSY, CORRUPT, FULL, accountsFailure, fileProblem, resultCode } from './failure'

/** How long opening waits for another process, which blocks the event loop: call it before the server listens. */
const OPEN_TIMEOUT_MS = 5000
const MAX_WAIT_MS = 2000
const RETRY_DELAY_MS = 5
/** SQLite's own wait for a lock blocks the event loop, so there is none. Callers retry instead. */
const LOCK_WAIT_MS = 0

const FLUSH_PROBLEM = 'could not be flushed to disk, so the most recent changes may be lost. Check the disk, then '
  + 'restart the server'

const sync = promisify(fdatasync)

/** Options of an {@link AccountsDatabase}. */
export interface AccountsFileOptions {
  /** Milliseconds that an operation waits for another process's lock. Default 2000. */
  readonly maxWait?: number
}

/**
 * An SQLite file that several processes of one machine may share. Neither another process's lock nor the disk blocks
 * the event loop. A write is acknowledged when it is on disk, in the file that the next start will read.
 */
export class AccountsDatabase {
  readonly #path: string
  readonly #maxWait: number
  readonly #db: DatabaseSync
  /**
   * The `-wal` file, to flush it without blocking. The descriptor stays open, because the kernel reports a disk error
   * only to descriptors that were open when it happened.
   */
  readonly #wal: number
  readonly #files: readonly (readonly [path: string, inode: bigint | undefined])[]
  #lost: Error | undefined

  /**
   * Opens the file, and creates it at first use: mode 0600, a new folder 0700. An existing file is not changed before
   * it is known to be a database with the table `accounts`, or an empty one.
   *
   * @throws AccountsUnavailableError with one sentence that names the setting, the problem and the fix
   */
  constructor(path: string, schema: string, { maxWait = MAX_WAIT_MS }: AccountsFileOptions = {}) {
    this.#path = path
    this.#maxWait = maxWait
    try {
      const { db, wal } = openWhenFree(path, schema)
      this.#db = db
      this.#wal = wal
    }
    catch (error) {
      throw accountsFailure(path, error)
    }
    this.#files = filesOf(path).map(file => [file, inodeOf(file)])
  }

  /** Prepares statements, to be run by {@link read} or {@link write}. */
  get db(): Pick<DatabaseSync, 'prepare'> {
    return this.#db
  }

  /** Runs a query. @throws AccountsUnavailableError */
  async read<Result>(query: () => Result): Promise<Result> {
    this.#assertUnchanged()
    return this.#whenFree(query)
  }

  /**
   * Runs one statement, and resolves with its result when that is on disk. After the disk failed to store a write, no
   * more is written until the file is opened again: the kernel may have dropped data that later writes build on.
   *
   * @throws AccountsUnavailableError; the write may be done nevertheless if the disk failed
   */
  async write<Result>(statement: () => Result): Promise<Result> {
    if (this.#lost) throw this.#lost
    this.#assertUnchanged()
    const result = await this.#whenFree(statement)
    await sync(this.#wal).catch((error) => {
      this.#lost = fileProblem(this.#path, FLUSH_PROBLEM, error)
      throw this.#lost
    })
    this.#assertUnchanged()
    return result
  }

  close(): void {
    closeSync(this.#wal)
    this.#db.close()
  }

  async #whenFree<Result>(operation: () => Result): Promise<Result> {
    const deadline = performance.now() + this.#maxWait
    for (;;) {
      try {
        return operation()
      }
      catch (error) {
        if (resultCode(error) !== BUSY || performance.now() >= deadline) throw accountsFailure(this.#path, error)
      }
      await wait(RETRY_DELAY_MS)
    }
  }

  /** SQLite continues without an error in files that have no name any more. */
  #assertUnchanged() {
    if (this.#files.every(([file, inode]) => inodeOf(file) === inode)) return
    throw fileProblem(this.#path, 'was deleted, replaced or moved while the server was running. Put it back, or '
      + 'restart the server to begin without accounts')
  }
}

/** SQLite's own timeout reports busy immediately to some of several processes that start on a new file. */
function openWhenFree(path: string, schema: string): ReturnType<typeof open> {
  const deadline = performance.now() + OPEN_TIMEOUT_MS
  for (;;) {
    try {
      return open(path, schema)
    }
    catch (error) {
      if (resultCode(error) !== BUSY || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_DELAY_MS)
    }
  }
}

function open(path: string, schema: string): { db: DatabaseSync, wal: number } {
  createFile(path)
  for (const file of filesOf(path)) assertPlain(file)
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    assertOurs(db, path)
    if (lstatSync(path).mode & 0o077) chmodSync(path, 0o600)
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${schema}`)
    assertSound(db)
    emptyWal(db)
    return { db, wal: openSync(`${path}-wal`, 'r+') }
  }
  catch (error) {
    db.close()
    throw error
  }
}

/** Never opens an existing file: closing it again would drop locks that another connection of this process holds. */
function createFile(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Whoever can create a link in the folder could otherwise have the server change any file of its user. */
function assertPlain(file: string) {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats?.isSymbolicLink()) throw fileProblem(file, 'is a symbolic link. Set the variable to the file itself')
  if (stats && !stats.isFile()) throw fileProblem(file, 'is not a file. Set the variable to another path')
}

function assertOurs(db: DatabaseSync, path: string) {
  const tables = db.prepare('SELECT name FROM sqlite_schema WHERE type = \'table\'').all()
  if (tables.length === 0 || tables.some(({ name }) => name === 'accounts')) return
  throw fileProblem(path, 'is a database of another program. Set the variable to another file')
}

function assertSound(db: DatabaseSync) {
  const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (verdict !== 'ok') throw Object.assign(new Error(verdict), { errcode: CORRUPT })
}

/** What an earlier process could not write to disk may look sound, because the kernel still has it in memory. */
function emptyWal(db: DatabaseSync) {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  catch (error) {
    // On a full disk users must still be able to sign in.
    if (resultCode(error) !== FULL) throw error
  }
}

function filesOf(path: string): string[] {
  return [path, `${path}-wal`, `${path}-shm`]
}

function inodeOf(file: string): bigint | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino
}
