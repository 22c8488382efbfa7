import { chmodSync, closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../sessions/errors'
import { StoreError } from '../../sessions/store'
import { BUSY, CORRUPT, FULL, NOT_A_DATABASE, resultCode, sqliteFailure } from './failure'
import { FileWatch, WalFile, inodeOf } from './files'
import { isCurrent, migrate } from './schema'
import type { Statements } from './statements'
import { prepareStatements } from './statements'

const OPEN_TIMEOUT_MS = 5000
const OPEN_RETRY_MS = 2
/** SQLite's own wait for another process's lock blocks the event loop, so it is short. Callers retry to wait longer. */
const LOCK_WAIT_MS = 1
/**
 * A commit checkpoints the `-wal` file at this size: 16 MB instead of 4, so that a quarter as many commits wait for it.
 */
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
  readonly files: FileWatch
}

/**
 * Opens a session database, and creates it at first use: file mode 0600, a new folder 0700, because it names the users
 * who are signed in. WAL with `synchronous = NORMAL`: SQLite flushes whatever a crash of the machine could otherwise
 * damage, but no commit. Each commit is flushed through `wal` before it is acknowledged, so that a power cut does not
 * undo a sign-out. The whole file is checked first, which takes about 4 ms per megabyte.
 *
 * @throws StoreError that says what is wrong with the file
 * @throws ConfigError if this version of Node has no `node:sqlite`
 */
export function openDatabase(path: string, { onCorrupt = 'refuse', warn = () => {} }: OpenOptions = {}): OpenDatabase {
  const inode = inodeOf(path)
  try {
    return openWhenFree(path)
  }
  catch (error) {
    if (error instanceof ConfigError) throw error
    const failure = error instanceof StoreError ? error : sqliteFailure(path, error)
    if (onCorrupt === 'refuse' || ![CORRUPT, NOT_A_DATABASE].includes(resultCode(failure.cause)!)) throw failure
    // Another process that started at the same time may have moved it aside already.
    if (inode === inodeOf(path)) {
      warn(`[cloakroom] [store:sqlite] ${path} was damaged, so all sessions have ended. It was moved to `
        + `${moveAside(path)}`)
    }
    return openDatabase(path)
  }
}

/**
 * Not by SQLite's own timeout, which reports busy immediately to some of several processes that start on a new file.
 */
function openWhenFree(path: string): OpenDatabase {
  const deadline = performance.now() + OPEN_TIMEOUT_MS
  for (;;) {
    try {
      return open(path)
    }
    catch (error) {
      if (resultCode(error) !== BUSY || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_RETRY_MS)
    }
  }
}

function open(path: string): OpenDatabase {
  const { DatabaseSync } = loadSqlite()
  createFile(path)
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    const current = isCurrent(db, path)
    if (statSync(path).mode & 0o077) chmodSync(path, 0o600)
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY')
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    if (!current) migrate(db, path)
    assertSound(db)
    emptyWal(db)
    const sql = prepareStatements(db)
    const wal = new WalFile(path)
    return { db, sql, wal, files: new FileWatch(path, wal.inode) }
  }
  catch (error) {
    db.close()
    throw error
  }
}

/**
 * Not by an import: an app on another store must start on a version of Node without it, and bundlers need not know it.
 */
function loadSqlite(): typeof import('node:sqlite') {
  const sqlite = process.getBuiltinModule?.('node:sqlite') as typeof import('node:sqlite') | undefined
  if (sqlite) return sqlite
  throw new ConfigError(
    'NUXT_CLOAKROOM_STORE',
    `is a sqlite: store, but Node ${process.versions.node} has no node:sqlite`,
    'Use Node 22.19, 24.11, 26 or newer, or another store.',
  )
}

/**
 * Never opens an existing file: closing it again would drop the locks that another connection of this process holds.
 */
function createFile(path: string) {
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
 * What an earlier process could not write to disk may still be in the kernel's memory, and look sound: a gap on the
 * disk, after which nothing that is acknowledged from now on could be recovered. So everything is moved into the
 * database first, which is flushed. Not while another process writes: it would have noticed a gap.
 */
function emptyWal(db: DatabaseSync) {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  catch (error) {
    // On a full disk the sessions must still be readable.
    if (resultCode(error) !== FULL) throw error
  }
}

function moveAside(path: string): string {
  const aside = `${path}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  for (const suffix of ['-wal', '-shm', '']) {
    if (inodeOf(path + suffix) !== undefined) renameSync(path + suffix, aside + suffix)
  }
  return aside
}
