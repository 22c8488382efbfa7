import { closeSync, fdatasync, fstatSync, openSync, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { StoreError } from '../../sessions/store'

const sync = promisify(fdatasync)

/**
 * The `-wal` file of an open database, with a descriptor of its own, to flush it to disk without blocking the event
 * loop.
 *
 * Closing any descriptor of a file drops all locks that the process holds on it. SQLite's locks are on the database and
 * the `-shm` file, none is on this one. It stays the same file while any process has the database open; `FileWatch`
 * notices if it is replaced.
 *
 * The descriptor stays open, because a disk error is reported once to each descriptor that was open when it happened,
 * and perhaps never to one that is opened later.
 */
export class WalFile {
  readonly #descriptor: number
  readonly inode: bigint

  /** @throws Error (`ENOENT`) if it does not exist: only SQLite creates it. */
  constructor(path: string) {
    // Also for writing, which never happens: Windows flushes no other descriptor.
    this.#descriptor = openSync(`${path}-wal`, 'r+')
    this.inode = fstatSync(this.#descriptor, { bigint: true }).ino
  }

  /**
   * Resolves when everything that was in the file at the call is on disk, whichever process wrote it. After a failure
   * no later call can be trusted: the kernel may have dropped what it could not write.
   */
  flush(): Promise<void> {
    return sync(this.#descriptor)
  }

  /** Not during a flush. */
  close() {
    closeSync(this.#descriptor)
  }
}

/**
 * Notices that an open database was deleted, replaced or moved. SQLite then continues without an error in files that
 * have no name any more, and what it acknowledges is lost at the next start. The `-wal` and `-shm` files are watched as
 * well: they stay the same while any process has the database open.
 */
export class FileWatch {
  readonly #path: string
  readonly #files: readonly (readonly [path: string, inode: bigint | undefined])[]

  /**
   * @param path of a database that is open and has been written to
   * @param wal inode of the `-wal` file that is flushed
   */
  constructor(path: string, wal: bigint) {
    this.#path = path
    this.#files = [[path, inodeOf(path)], [`${path}-wal`, wal], [`${path}-shm`, inodeOf(`${path}-shm`)]]
  }

  /** Call it after each commit, before it is acknowledged. @throws StoreError */
  assertUnchanged() {
    if (this.#files.every(([file, inode]) => inodeOf(file) === inode)) return
    throw new StoreError('sqlite', `${this.#path} was deleted, replaced or moved while the server was running. Put it `
      + `back, or restart the server to begin without sessions`)
  }
}

export function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}
