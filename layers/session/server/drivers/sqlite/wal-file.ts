import { closeSync, fdatasync, fstatSync, openSync } from 'node:fs'
import { promisify } from 'node:util'

const sync = promisify(fdatasync)

/**
 * The `-wal` file of a database that is open, by a descriptor of our own, to bring it to disk without holding up the event loop.
 *
 * Closing any descriptor of a file drops all locks that the process holds on it. SQLite's are on the database and the `-shm` file, and none is on
 * this one. It is the same file while anybody has the database open; `FilePresence` notices when somebody meddles with it.
 *
 * One descriptor for all the time, since a disk's error is told once to each that was open when it happened, and perhaps never to one opened later.
 */
export class WalFile {
  readonly #descriptor: number
  readonly inode: bigint

  /** @throws Error (`ENOENT`) if it is not there: it is SQLite's to make. */
  constructor(path: string) {
    // To write as well, which is never done: Windows flushes for nobody else.
    this.#descriptor = openSync(`${path}-wal`, 'r+')
    this.inode = fstatSync(this.#descriptor, { bigint: true }).ino
  }

  /** Resolves when all that was in the file at the call is on disk, whoever wrote it. After a failure no later call can be believed: the kernel may have forgotten what it could not write. */
  flush(): Promise<void> {
    return sync(this.#descriptor)
  }

  /** While no flush is under way. */
  close() {
    closeSync(this.#descriptor)
  }
}
