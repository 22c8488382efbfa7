import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

/** A user who can sign in. */
export interface Account {
  /** Random. Sessions store it as their user id. */
  readonly id: string
  /** As it was typed at registration. */
  readonly name: string
  /** A PHC string; see passwords.ts. Never leaves the server. */
  readonly password: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** How long a write waits for another process that is writing to the same file. */
const LOCK_WAIT_MS = 1000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT
`

/** The accounts of this app, in an SQLite file that several processes on one machine can share. */
export class AccountStore {
  readonly #db: DatabaseSync
  readonly #sql: Record<'add' | 'byId' | 'byName' | 'setPassword' | 'remove', StatementSync>

  /**
   * Opens the file, and creates it at first use. Only the operating-system user of the server can access it, because
   * it contains account names and password hashes.
   */
  constructor(file: string, private readonly clock: () => number = Date.now) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    this.#db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS })
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`)
    const columns = 'id, name, password, created_at AS createdAt'
    this.#sql = {
      add: this.#db.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, ?) ON CONFLICT (name_key) DO NOTHING'),
      byId: this.#db.prepare(`SELECT ${columns} FROM accounts WHERE id = ?`),
      byName: this.#db.prepare(`SELECT ${columns} FROM accounts WHERE name_key = ?`),
      setPassword: this.#db.prepare('UPDATE accounts SET password = ? WHERE id = ? AND password = ?'),
      remove: this.#db.prepare('DELETE FROM accounts WHERE id = ?'),
    }
  }

  /** Adds an account. Returns `null` if the name is taken. */
  add(name: string, password: string): Account | null {
    const account = { id: randomUUID(), name, password, createdAt: this.clock() }
    const { changes } = this.#sql.add.run(account.id, name, nameKey(name), password, account.createdAt)
    return changes === 1 ? account : null
  }

  byId(id: string): Account | null {
    return this.#sql.byId.get(id) as Account | undefined ?? null
  }

  byName(name: string): Account | null {
    return this.#sql.byName.get(nameKey(name)) as Account | undefined ?? null
  }

  /**
   * Changes an account's password. Returns `false` if it changed since the account was read, or the account is gone.
   */
  setPassword({ id, password }: Account, next: string): boolean {
    return this.#sql.setPassword.run(next, id, password).changes === 1
  }

  /** Deletes an account. Its name can be registered again. */
  remove(id: string): void {
    this.#sql.remove.run(id)
  }

  close(): void {
    this.#db.close()
  }
}

/**
 * Returns one spelling for names that differ only in case or in compatible characters: next to `ada`, a client cannot
 * register `Ada` or `ａｄａ`.
 */
export function nameKey(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase()
}
