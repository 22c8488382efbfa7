import { afterEach, describe, expect, it, vi } from 'vitest'
import type { UserChange } from '../../../packages/nuxt-cloakroom/src/runtime/server/utils/user-id'
import { userAfter } from '../../../packages/nuxt-cloakroom/src/runtime/server/utils/user-id'

const warn = vi.hoisted(() => vi.fn<(text: string) => void>())

vi.mock('consola', () => ({ consola: { warn } }))

type User = Record<string, unknown>
const UNNAMED = expect.stringMatching(/^unnamed:[\w-]{36}$/) as string
const PLANTED = 'planted'

/** An id of a database whose JSON is text. */
const objectId = (hex: string) => ({ toJSON: () => hex, toString: () => PLANTED })

function change(given: User, rest: Partial<UserChange> = {}) {
  return userAfter({ userId: null, before: {}, given, replaces: false, identify: undefined, ...rest })
}

/** The user id after a sign-in with one user, and a change or another sign-in with a second one. */
function after(first: User, second: User, replaces = false) {
  const { userId } = change(first)
  const { userId: next, isAnotherUser } = change(second, { userId, before: first, replaces })
  return isAnotherUser ? `another: ${next}` : `same: ${next}`
}

afterEach(() => {
  warn.mockClear()
})

describe('a user', () => {
  it.each<[string, User, string]>([
    ['id', { id: 'a1', sub: 's', email: 'a@x.test' }, 'a1'],
    ['a number', { id: 0 }, '0'],
    ['BigInt', { id: 10n }, '10'],
    ['an ObjectId', { _id: objectId('507f1f77') }, '507f1f77'],
    ['sub', { name: 'Ada', sub: 's', _id: 'm' }, 's'],
    ['_id', { _id: 'm', uid: 'u' }, 'm'],
    ['uid', { uid: 'u', userId: 'i' }, 'u'],
    ['userId', { userId: 'i', email: 'a@x.test' }, 'i'],
    ['email', { login: 'l', email: 'a@x.test' }, 'a@x.test'],
    ['login', { username: 'n', login: 'l' }, 'l'],
    ['username', { username: 'n', github: 'g' }, 'n'],
    ['an account with a provider', { github: 'bob' }, 'github:bob'],
    ['the id of an account', { githubId: 583_231 }, 'github:583231'],
    ['both for one provider', { github: 'bob', githubId: 583_231 }, 'github:583231'],
    ['the profile of an account', { google: { sub: '1', name: 'Bob' } }, 'google:1'],
    ['the next one if the first is empty', { id: '', sub: null, email: undefined, login: 'l' }, 'l'],
  ])('is identified by %s', (_, user, userId) => {
    expect(change(user)).toEqual({ userId, isAnotherUser: false })
    expect(warn).not.toHaveBeenCalled()
  })

  it('cannot choose a name that is the account of another user', () => {
    expect(change({ username: 'github:bob' }).userId).toBe('username:github:bob')
  })

  it.each<[string, User, User, string]>([
    ['the same id', { id: 7, name: 'Ada' }, { id: 7n, name: 'Ada L.' }, 'same: 7'],
    ['other fields', { id: 7 }, { theme: 'dark' }, 'same: 7'],
    ['another e-mail address', { id: 7, email: 'a@x.test' }, { email: 'new@x.test' }, 'same: 7'],
    ['an e-mail address', { github: 'bob' }, { email: 'bob@x.test' }, 'same: github:bob'],
    ['a user name', { email: 'a@x.test' }, { username: 'ada' }, 'same: a@x.test'],
    ['an account', { id: 7 }, { github: 'ada' }, 'same: 7'],
    ['a second account', { github: 'bob' }, { google: 'b@x.test' }, 'same: github:bob'],
    ['a second account, as a profile', { github: { id: 1 } }, { google: { sub: '2' } }, 'same: github:1'],
    ['an account, as its profile', { githubId: 5 }, { github: { id: '5' } }, 'same: github:5'],
    ['the text of an ObjectId', { _id: objectId('f00') }, { _id: 'f00' }, 'same: f00'],
    ['the account with its id', { github: 'bob' }, { github: 'bob', githubId: 1 }, 'same: github:bob'],
    ['a stronger id with the account', { github: 'bob' }, { github: 'bob', id: 5 }, 'same: github:bob'],
  ])('is the same one with %s', (_, first, second, expected) => {
    expect(after(first, second)).toBe(expected)
  })

  it.each<[string, User, User, string]>([
    ['another id', { id: 7 }, { id: 8 }, 'another: 8'],
    ['another id and the same e-mail address', { id: 7, email: 'a@x.x' }, { id: 8, email: 'a@x.x' }, 'another: 8'],
    ['no id any more', { id: 7, email: 'a@x.test' }, { id: null, email: 'b@x.test' }, 'another: b@x.test'],
    ['an id of another kind', { sub: 'alice' }, { _id: 'bob' }, 'another: bob'],
    ['an id, after an e-mail address', { email: 'a@x.test' }, { id: 8 }, 'another: 8'],
    ['another e-mail address', { email: 'a@x.test' }, { email: 'b@x.test' }, 'another: b@x.test'],
    ['the same text in another field', { id: 'alice' }, { sub: 'alice' }, 'another: alice'],
    ['the same text as a name', { id: 'alice' }, { username: 'alice' }, 'another: alice'],
    ['a text instead of a number', { id: 5 }, { id: '5' }, 'another: 5'],
    ['a number instead of a text', { id: '5' }, { id: 5n }, 'another: 5'],
    ['another account', { github: 'alice' }, { github: 'bob' }, 'another: github:bob'],
    ['another account, of two', { id: 1, google: 'a@x.x', github: 'al' }, { github: 'bob' }, 'another: github:bob'],
    ['another profile', { google: { sub: '1', name: 'A' } }, { google: { sub: '2', name: 'B' } }, 'another: google:2'],
  ])('is another one with %s', (_, first, second, expected) => {
    expect(after(first, second)).toBe(expected)
  })

  it.each<[string, User, User, string]>([
    ['the same id', { id: 7 }, { id: 7, name: 'Ada' }, 'same: 7'],
    ['one of two accounts', { github: 'bob' }, { github: 'bob', google: 'b@x.test' }, 'same: github:bob'],
    ['another account', { github: 'bob' }, { google: 'b@x.test' }, 'another: google:b@x.test'],
    ['no id', { email: 'a@x.test' }, { name: 'Bob' }, 'another: unnamed:'],
  ])('that replaces the one before is judged alone: %s', (_, first, second, expected) => {
    expect(after(first, second, true)).toContain(expected)
  })
})

describe('a user that the app has signed in with an id of its own', () => {
  const session = { userId: 'user-7', before: { name: 'Bob' } }
  const same = { userId: 'user-7', isAnotherUser: false }

  it('stays the same one with other fields, names and accounts', () => {
    for (const given of [{ name: 'Bobby' }, { username: 'bob' }, { email: 'b@x.test' }, { github: 'bob' }]) {
      expect(change(given, session)).toEqual(same)
    }
    expect(change({ name: 'Bobby' }, { ...session, replaces: true })).toEqual(same)
    expect(warn).not.toHaveBeenCalled()
  })

  it('is another one with an id, or if an account replaces it', () => {
    expect(change({ id: 8 }, session)).toEqual({ userId: '8', isAnotherUser: true })
    const replaced = change({ github: 'bob' }, { ...session, replaces: true })
    expect(replaced).toEqual({ userId: 'github:bob', isAnotherUser: true })
  })
})

describe('a user that nothing identifies', () => {
  it('gets a random id, and the log has one warning that names the option and no value', async () => {
    vi.resetModules() // It warns once for each process.
    const { userAfter } = await import('../../../packages/nuxt-cloakroom/src/runtime/server/utils/user-id')
    const users = [{ name: PLANTED }, { name: PLANTED }, { github: 'a', google: 'b' }].map(given =>
      userAfter({ userId: null, before: {}, given, replaces: false, identify: undefined }))
    expect(users).toEqual(users.map(() => ({ userId: UNNAMED, isAnotherUser: false })))
    expect(new Set(users.map(({ userId }) => userId)).size).toBe(3)
    const warnings = warn.mock.calls.map(([text]) => text)
    expect(warnings).toEqual([expect.stringContaining('{ userId: user => … }')])
    expect(warnings[0]).not.toContain(PLANTED)
  })

  it.each<[User, User]>([
    [{ name: 'Ada', roles: ['a'] }, { theme: 'dark', roles: ['a', 'b'] }],
    [{ profile: { id: 1 } }, { profile: { id: 1, theme: 'dark' } }],
  ])('stays the same one with further fields: %j, %j', (first, second) => {
    expect(after(first, second)).toMatch(/^same: unnamed:/)
  })

  it.each<[User, User, string]>([
    [{ name: 'Ada' }, { name: 'Bob' }, 'another: unnamed:'],
    [{ profile: { id: 1, name: 'Ada' } }, { profile: { id: 2 } }, 'another: unnamed:'],
    [{ profile: { id: 1 } }, { profile: 1 }, 'another: unnamed:'],
    [{ name: 'Ada' }, { username: 'ada' }, 'another: ada'],
    [{ name: 'Ada' }, { github: 'ada' }, 'another: github:ada'],
    [{ name: 'Ada' }, { id: 7 }, 'another: 7'],
  ])('is another one if a field changes or an id comes: %j, %j', (first, second, expected) => {
    expect(after(first, second)).toContain(expected)
  })
})

describe('the option userId', () => {
  const identify = (user: User) => user.account
  const by = (account: unknown, userId: string | null = null) =>
    change({ id: 1, account }, { userId, identify: identify as never })

  it.each([['a', 'a'], [5, '5'], [10n, '10'], [objectId('f00'), 'f00']])('decides: %s', (account, userId) => {
    expect(by(account)).toEqual({ userId, isAnotherUser: false })
    expect(by(account, userId)).toEqual({ userId, isAnotherUser: false })
    expect(by(account, 'other')).toEqual({ userId, isAnotherUser: true })
  })

  it.each([undefined, null, '', Number.NaN, {}, true])('has to return an id at the sign-in, and not %j', (account) => {
    expect(() => by(account)).toThrow(new TypeError(
      '[cloakroom] The option userId has to return a text, a number, a BigInt or an ObjectId.',
    ))
  })

  it('may find none in a change of other fields, and may even fail there', () => {
    const deep = { identify: ((user: { profile: { id: number } }) => user.profile.id) as never }
    const same = { userId: '7', isAnotherUser: false }
    expect(change({ theme: 'dark' }, { userId: '7', ...deep })).toEqual(same)
    expect(change({ theme: 'dark' }, { userId: '7', identify: identify as never })).toEqual(same)
    expect(() => change({ theme: 'dark' }, deep)).toThrow('undefined')
  })

  it('is not needed in a later change of other fields', () => {
    const before = { id: 1, account: 17 }
    expect(change({ theme: 'dark' }, { userId: '17', before })).toEqual({ userId: '17', isAnotherUser: false })
  })
})
