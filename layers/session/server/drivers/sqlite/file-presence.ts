import { statSync } from 'node:fs'
import { StoreError } from '../../engine/store'

const CHECK_READS_EVERY_MS = 250

/**
 * Notices that a database which is open was deleted, replaced or moved. SQLite goes on without a word then, in files that
 * have no name any more, and what it acknowledges is gone at the next start (E13). The `-wal` and `-shm` files are watched as
 * well: they stay the same ones while anybody has the database open.
 */
export class FilePresence {
  readonly #files: readonly (readonly [path: string, inode: bigint | undefined])[]
  #checkedAt = performance.now()

  /**
   * @param path of a database that is open and has been written to
   * @param wal inode of the `-wal` file that is flushed
   */
  constructor(private readonly path: string, wal: bigint) {
    this.#files = [[path, inodeOf(path)], [`${path}-wal`, wal], [`${path}-shm`, inodeOf(`${path}-shm`)]]
  }

  /** After each commit, before it is acknowledged. @throws StoreError */
  assert() {
    // Kept when it fails, so that the next read looks again and is refused as well.
    if (this.#files.every(([file, inode]) => inodeOf(file) === inode)) return void (this.#checkedAt = performance.now())
    throw new StoreError('sqlite', `${this.path} was deleted, replaced or moved while the server was running. Put it back, or restart the server to begin without sessions`)
  }

  /** For reads, which must not cost three system calls each. @throws StoreError, a quarter of a second late at most */
  assertNowAndThen() {
    if (performance.now() - this.#checkedAt > CHECK_READS_EVERY_MS) this.assert()
  }
}

export function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}
