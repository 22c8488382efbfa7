import { randomUUID } from 'node:crypto'
import type { StatementSync } from 'node:sqlite'
import type { AccountsFileOptions } from './database'
import { AccountsDatabase } from './database'

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

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT
`

/** Options of an {@link AccountStore}. All have a default. */
export interface AccountStoreOptions extends AccountsFileOptions {
  /** Returns the time in milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number
}

/**
 * The accounts of this app, in an SQLite file that several processes on one machine can share. A change is on disk
 * when its promise resolves. Each method throws `AccountsUnavailableError` if the file cannot be used.
 */
export class AccountStore {
  readonly #file: AccountsDatabase
  readonly #clock: () => number
  readonly #sql: Record<'add' | 'byId' | 'byName' | 'setPassword' | 'remove', StatementSync>

  /**
   * Opens the file, and creates it at first use. Only the operating-system user of the server can access it, because
   * it contains account names and password hashes. A link in its place is refused.
   *
   * @throws AccountsUnavailableError
   */
  constructor(path: string, { clock = Date.now, ...options }: AccountStoreOptions = {}) {
    this.#file = new AccountsDatabase(path, SCHEMA, options)
    this.#clock = clock
    const { db } = this.#file
    const columns = 'id, name, password, created_at AS createdAt'
    this.#sql = {
      add: db.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, ?) ON CONFLICT (name_key) DO NOTHING'),
      byId: db.prepare(`SELECT ${columns} FROM accounts WHERE id = ?`),
      byName: db.prepare(`SELECT ${columns} FROM accounts WHERE name_key = ?`),
      setPassword: db.prepare('UPDATE accounts SET password = ? WHERE id = ? AND password = ?'),
      remove: db.prepare('DELETE FROM accounts WHERE id = ?'),
    }
  }

  /** Adds an account. Returns `null` if the name is taken. */
  async add(name: string, password: string): Promise<Account | null> {
    const account = { id: randomUUID(), name, password, createdAt: this.#clock() }
    const { id, createdAt } = account
    const { changes } = await this.#file.write(() => this.#sql.add.run(id, name, nameKey(name), password, createdAt))
    return changes === 1 ? account : null
  }

  /** Returns `null` if there is no such account. */
  async byId(id: string): Promise<Account | null> {
    return await this.#file.read(() => this.#sql.byId.get(id)) as Account | undefined ?? null
  }

  /** Returns `null` if no account has this name, in whatever spelling. */
  async byName(name: string): Promise<Account | null> {
    return await this.#file.read(() => this.#sql.byName.get(nameKey(name))) as Account | undefined ?? null
  }

  /**
   * Changes an account's password. Returns `false` if it changed since the account was read, or the account is gone.
   */
  async setPassword({ id, password }: Account, next: string): Promise<boolean> {
    return (await this.#file.write(() => this.#sql.setPassword.run(next, id, password))).changes === 1
  }

  /** Deletes an account, if it exists. Its name can be registered again. */
  async remove(id: string): Promise<void> {
    await this.#file.write(() => this.#sql.remove.run(id))
  }

  close(): void {
    this.#file.close()
  }
}

/**
 * Returns one spelling for names that differ only in case or in compatible characters: next to `ada`, a client cannot
 * register `Ada` or `ａｄａ`.
 */
export function nameKey(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase()
}
