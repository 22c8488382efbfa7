import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { migrate } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/schema'
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
const rows = () => db.prepare('SELECT * FROM t').all()

describe('migrate', () => {
  it('runs all migrations on a new file', () => {
    migrate(db, 'x.db', [FIRST, SECOND])
    db.exec('INSERT INTO t (a) VALUES (1)')
    expect(rows()).toEqual([{ a: 1, b: 5 }])
    expect(version()).toBe(2)
  })

  it('runs only the missing migrations on an older file, and keeps its data', () => {
    migrate(db, 'x.db', [FIRST])
    db.exec('INSERT INTO t VALUES (1)')
    migrate(db, 'x.db', [FIRST, SECOND])
    expect(rows()).toEqual([{ a: 1, b: 5 }])
    expect(version()).toBe(2)
  })

  it('undoes all migrations of a run if one fails', () => {
    migrate(db, 'x.db', [FIRST])
    db.exec('INSERT INTO t VALUES (1)')
    expect(() => migrate(db, 'x.db', [FIRST, SECOND, 'DROP TABLE none'])).toThrow('no such table')
    expect(rows()).toEqual([{ a: 1 }])
    expect([version(), db.isTransaction]).toEqual([1, false])
  })

  it('changes nothing in a file of the current version', () => {
    migrate(db, 'x.db', [FIRST])
    const before = db.prepare('PRAGMA schema_version').get()
    migrate(db, 'x.db', [FIRST])
    expect(db.prepare('PRAGMA schema_version').get()).toEqual(before)
  })

  it('refuses a file of a newer version', () => {
    migrate(db, 'x.db', [FIRST, SECOND])
    expect(() => migrate(db, 'x.db', [FIRST])).toThrow('[cloakroom] [store:sqlite] x.db was written by a newer version '
      + 'of nuxt-cloakroom. Update it, or use another file')
    expect(version()).toBe(2)
  })

  it('treats an empty file that another program has opened as new', async () => {
    db.exec('PRAGMA journal_mode = WAL')
    const driver = sqliteDriver({ path: directory.path('sessions.db') })
    expect(await driver.create(A, 'value', meta())).toBe(true)
    await driver.dispose?.()
  })
})
