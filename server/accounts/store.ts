import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

/** One person who can sign in. */
export interface Account {
  /** Random; what sessions know as their owner. */
  readonly id: string
  /** As it was typed at registration. */
  readonly name: string
  /** A PHC string; see passwords.ts. Never leaves the server. */
  readonly password: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** How long a write may wait for another process that writes to the same file. */
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

/** The accounts of this app, in an SQLite file that several processes of one machine may share. */
export class AccountStore {
  readonly #db: DatabaseSync
  readonly #sql: Record<'add' | 'byId' | 'byName' | 'setPassword' | 'remove', StatementSync>

  /** Opens the file, made at first use for this user alone: it holds who has an account, and hashes to guess at. */
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

  /** Adds an account; `null` if its name is somebody's already. */
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

  /** Changes the password of an account as it was read. `false`: it has another one by now, or is gone. */
  setPassword({ id, password }: Account, next: string): boolean {
    return this.#sql.setPassword.run(next, id, password).changes === 1
  }

  /** Deletes an account; its name is free again. */
  remove(id: string): void {
    this.#sql.remove.run(id)
  }

  close(): void {
    this.#db.close()
  }
}

/** One spelling for names that look the same: nobody can register as `Ada` or as `ａｄａ` beside `ada`. */
export function nameKey(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase()
}
