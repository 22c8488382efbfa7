import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AccountStore } from '../../../server/accounts/store'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()
let file: string
let store: AccountStore

beforeEach(() => {
  file = directory.path('deep', 'accounts.db')
  store = new AccountStore(file, () => 1_800_000_000_000)
})

afterEach(() => {
  store.close()
  directory.remove()
})

describe('AccountStore', () => {
  it('keeps an account over a restart', () => {
    const account = store.add('Ada', 'hash')
    store.close()
    store = new AccountStore(file)
    expect(store.byId(account!.id)).toEqual({
      id: account!.id,
      name: 'Ada',
      password: 'hash',
      createdAt: 1_800_000_000_000,
    })
  })

  it('makes its file and folder for this user alone', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(directory.path('deep')).mode & 0o777).toBe(0o700)
  })

  it.each(['ada', 'ADA', ' Ada ', 'ａｄａ'])('finds Ada as %j, and gives that name to nobody else', (name) => {
    const account = store.add('Ada', 'hash')!
    expect(store.byName(name)?.id).toBe(account.id)
    expect(store.add(name, 'other')).toBeNull()
    expect(store.byName('ada')?.password).toBe('hash')
  })

  it('knows nobody by a name that is SQL', () => {
    store.add('Ada', 'hash')
    expect(store.byName('\' OR 1=1 --')).toBeNull()
  })

  it('changes a password only as it was read: of two changes at once, one holds', () => {
    const account = store.add('Ada', 'first')!
    expect(store.setPassword(account, 'second')).toBe(true)
    expect(store.setPassword(account, 'third')).toBe(false)
    expect(store.byId(account.id)?.password).toBe('second')
  })

  it('forgets an account, whose name is free again under another id', () => {
    const account = store.add('Ada', 'hash')!
    store.remove(account.id)
    expect(store.byId(account.id)).toBeNull()
    expect(store.setPassword(account, 'next')).toBe(false)
    expect(store.add('Ada', 'hash')!.id).not.toBe(account.id)
  })

  it('is shared by two connections, as of two processes', () => {
    const other = new AccountStore(file)
    const account = store.add('Ada', 'hash')!
    expect(other.byName('ada')?.id).toBe(account.id)
    expect(other.add('Ada', 'hash')).toBeNull()
    other.close()
  })
})
