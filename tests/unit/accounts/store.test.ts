import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AccountStore } from '../../../server/accounts/store'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()
let file: string
let store: AccountStore

beforeEach(() => {
  file = directory.path('deep', 'accounts.db')
  store = new AccountStore(file, { clock: () => 1_800_000_000_000 })
})

afterEach(() => {
  store.close()
  directory.remove()
})

describe('AccountStore', () => {
  it('keeps an account over a restart', async () => {
    const account = await store.add('Ada', 'hash')
    store.close()
    store = new AccountStore(file)
    expect(await store.byId(account!.id)).toEqual({
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

  it.each(['ada', 'ADA', ' Ada ', 'ａｄａ'])('finds Ada as %j, and gives that name to nobody else', async (name) => {
    const account = await store.add('Ada', 'hash')
    expect((await store.byName(name))?.id).toBe(account!.id)
    expect(await store.add(name, 'other')).toBeNull()
    expect((await store.byName('ada'))?.password).toBe('hash')
  })

  it('knows nobody by a name that is SQL', async () => {
    await store.add('Ada', 'hash')
    expect(await store.byName('\' OR 1=1 --')).toBeNull()
  })

  it('changes a password only as it was read: of two changes at once, one holds', async () => {
    const account = (await store.add('Ada', 'first'))!
    expect(await Promise.all([store.setPassword(account, 'second'), store.setPassword(account, 'third')]))
      .toEqual([true, false])
    expect((await store.byId(account.id))?.password).toBe('second')
  })

  it('forgets an account, whose name is free again under another id', async () => {
    const account = (await store.add('Ada', 'hash'))!
    await store.remove(account.id)
    expect(await store.byId(account.id)).toBeNull()
    expect(await store.setPassword(account, 'next')).toBe(false)
    expect((await store.add('Ada', 'hash'))!.id).not.toBe(account.id)
  })

  it('is shared by two connections, as of two processes', async () => {
    const other = new AccountStore(file)
    const account = await store.add('Ada', 'hash')
    expect((await other.byName('ada'))?.id).toBe(account!.id)
    expect(await other.add('Ada', 'hash')).toBeNull()
    other.close()
  })
})
