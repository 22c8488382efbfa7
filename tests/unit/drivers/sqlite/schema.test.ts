import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../../../layers/session/server/drivers/sqlite'
import { migrate } from '../../../../layers/session/server/drivers/sqlite/schema'
import { A, meta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'

const FIRST = 'CREATE TABLE t (a INTEGER) STRICT'
const SECOND = 'ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 5'
const directory = makeDirectory()
let db: DatabaseSync

beforeEach(() => {
  db = new DatabaseSync(directory.path('sessions.db'))
})

afterEach(() => {
  db.close()
  directory.remove()
})

const version = () => db.prepare('PRAGMA user_version').get()!.user_version

describe('migrate', () => {
  it('takes a new file through all versions', () => {
    migrate(db, 'x.db', [FIRST, SECOND])
    db.exec('INSERT INTO t (a) VALUES (1)')
    expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: 1, b: 5 }])
    expect(version()).toBe(2)
  })

  it('takes an older file only through what it has not had, and keeps what is in it', () => {
    migrate(db, 'x.db', [FIRST])
    db.exec('INSERT INTO t VALUES (1)')
    migrate(db, 'x.db', [FIRST, SECOND])
    expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: 1, b: 5 }])
    expect(version()).toBe(2)
  })

  it('leaves a file as it was when a step fails, the steps before it included', () => {
    migrate(db, 'x.db', [FIRST])
    db.exec('INSERT INTO t VALUES (1)')
    expect(() => migrate(db, 'x.db', [FIRST, SECOND, 'DROP TABLE none'])).toThrow('no such table')
    expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: 1 }])
    expect([version(), db.isTransaction]).toEqual([1, false])
  })

  it('changes nothing in a file that is new enough', () => {
    migrate(db, 'x.db', [FIRST])
    const before = db.prepare('PRAGMA schema_version').get()
    migrate(db, 'x.db', [FIRST])
    expect(db.prepare('PRAGMA schema_version').get()).toEqual(before)
  })

  it('refuses a newer file', () => {
    migrate(db, 'x.db', [FIRST, SECOND])
    expect(() => migrate(db, 'x.db', [FIRST])).toThrow('[session] [store:sqlite] x.db was written by a newer version of the session layer. Update this one, or use another file')
    expect(version()).toBe(2)
  })

  it('finds an empty file that another program has opened to be new', async () => {
    db.exec('PRAGMA journal_mode = WAL')
    const driver = sqliteDriver({ path: directory.path('sessions.db') })
    expect(await driver.create(A, 'value', meta())).toBe(true)
    await driver.dispose?.()
  })
})
