import { describe, expect, it } from 'vitest'
import { resultCode, sqliteFailure } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/failure'

const PATH = '/data/sessions.db'

describe('sqliteFailure', () => {
  it.each([
    [5, 'is locked by another process for too long'],
    [517, 'is locked by another process for too long'], // SQLITE_BUSY_SNAPSHOT: an extended code
    [8, 'is read-only'],
    [10, 'disk error'],
    [11, 'is damaged'],
    [13, 'the disk is full'],
    [14, 'cannot be opened'],
    [26, 'is not a SQLite database'],
    [1, 'failed'],
  ])('describes result code %i: the file %s', (errcode, problem) => {
    const cause = Object.assign(new Error('details'), { errcode })
    const error = sqliteFailure(PATH, cause)
    expect(error).toMatchObject({ name: 'StoreError', cause })
    expect(error.message).toMatch(/^\[cloakroom\] \[store:sqlite\] \/data\/sessions\.db /)
    expect(error.message).toContain(problem)
  })

  it.each([undefined, null, 'text', new Error('x'), { errcode: '5' }])('finds no result code in %j', (error) => {
    expect(resultCode(error)).toBeUndefined()
    expect(sqliteFailure(PATH, error).message).toBe('[cloakroom] [store:sqlite] /data/sessions.db failed')
  })
})
