import { chmodSync, closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../engine/store'
import { BUSY, CORRUPT, FULL, NOT_A_DATABASE, resultCode, sqliteFailure } from './failure'
import { FilePresence, inodeOf } from './file-presence'
import { isCurrent, migrate } from './schema'
import type { Statements } from './statements'
import { prepareStatements } from './statements'
import { WalFile } from './wal-file'

const OPEN_RETRY_MS = 5000
const OPEN_PAUSE_MS = 2
/** SQLite's own wait for another process's lock blocks the event loop, so it is short. Whoever wants to wait longer asks again. */
const LOCK_WAIT_MS = 1
/** Pages in the `-wal` file after which a commit moves them into the database: 16 MB in place of 4, so that the commits which do so and wait for it are a quarter as many. */
const CHECKPOINT_PAGES = 4000

export interface OpenOptions {
  /** What to do with a damaged file: refuse to start (the default), or move it aside and start without sessions. */
  readonly onCorrupt?: 'refuse' | 'reset'
  readonly warn?: (message: string) => void
}

export interface OpenDatabase {
  readonly db: DatabaseSync
  readonly sql: Statements
  readonly wal: WalFile
  readonly files: FilePresence
}

/**
 * Opens a session database, made at first use: file mode 0600, a new folder 0700, since it names who is signed in.
 * WAL with `synchronous = NORMAL`: SQLite flushes whatever a crash of the machine could else leave damaged, but no commit. Each commit is flushed by way of
 * `wal`, before it is acknowledged: a sign-out must not be undone by a power cut. The whole file is checked first, which takes about 4 ms for a megabyte.
 *
 * @throws StoreError that says what is wrong with the file
 */
export function openDatabase(path: string, { onCorrupt = 'refuse', warn = () => {} }: OpenOptions = {}): OpenDatabase {
  const inode = inodeOf(path)
  try {
    return openWhenFree(path)
  }
  catch (error) {
    const failure = error instanceof StoreError ? error : sqliteFailure(path, error)
    if (onCorrupt === 'refuse' || ![CORRUPT, NOT_A_DATABASE].includes(resultCode(failure.cause)!)) throw failure
    // Another process that started together with this one may have moved it aside already.
    if (inode === inodeOf(path)) warn(`[session] [store:sqlite] ${path} was damaged, so all sessions have ended. It was moved to ${moveAside(path)}`)
    return openDatabase(path)
  }
}

/** Not by SQLite's own timeout: of several processes that start together on a new file it tells some at once that it is busy, and it asks too seldom. */
function openWhenFree(path: string): OpenDatabase {
  const deadline = performance.now() + OPEN_RETRY_MS
  for (;;) {
    try {
      return open(path)
    }
    catch (error) {
      if (resultCode(error) !== BUSY || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS)
    }
  }
}

function open(path: string): OpenDatabase {
  makeFile(path)
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    const current = isCurrent(db, path)
    if (statSync(path).mode & 0o077) chmodSync(path, 0o600)
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    if (!current) migrate(db, path)
    assertSound(db)
    emptyWal(db)
    const sql = prepareStatements(db)
    const wal = new WalFile(path)
    return { db, sql, wal, files: new FilePresence(path, wal.inode) }
  }
  catch (error) {
    db.close()
    throw error
  }
}

/** Never opens a file that is there: closing it again would drop the locks that another connection of this process holds on it. */
function makeFile(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function assertSound(db: DatabaseSync) {
  const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (verdict !== 'ok') throw Object.assign(new Error(verdict), { errcode: CORRUPT })
}

/**
 * What an earlier process could not bring to disk may still stand in the kernel's memory, and look sound there: a gap on the disk, behind which nothing that is
 * acknowledged from now on could be recovered. So all is moved into the database first, which is flushed. Not while another process writes: it would know of a gap.
 */
function emptyWal(db: DatabaseSync) {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  catch (error) {
    // On a full disk what is there must be read all the same.
    if (resultCode(error) !== FULL) throw error
  }
}

function moveAside(path: string): string {
  const aside = `${path}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  for (const suffix of ['-wal', '-shm', '']) if (inodeOf(path + suffix) !== undefined) renameSync(path + suffix, aside + suffix)
  return aside
}
