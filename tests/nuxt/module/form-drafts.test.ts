import { beforeEach, expect, it, vi } from 'vitest'
import { reactive } from 'vue'

const KEY = 'cloakroom:test:draft:"ada":letter'

beforeEach(() => sessionStorage.clear())

/** The module as a page of this tab has it: each page has its own memory. */
async function openPage() {
  vi.resetModules()
  return import('../../../packages/nuxt-cloakroom/src/runtime/app/session/form-drafts')
}

it('gives each user other keys, whatever the users and the forms are called', async () => {
  const { draftPrefixOf } = await openPage()
  expect(`${draftPrefixOf('cloakroom:test', 'ada')}letter`).toBe(KEY)
  const users = ['a', 'a"', 'a":', 'a":b', '"', '', 'aa']
  const prefixes = users.map(user => draftPrefixOf('app', user))
  const clashes = prefixes.filter(prefix => prefixes.some(other => other !== prefix && other.startsWith(prefix)))
  expect([new Set(prefixes).size, clashes]).toEqual([users.length, []])
})

it('deletes the drafts of one user, in memory and stored', async () => {
  const page = await openPage()
  const [adas, bobs] = ['ada', 'bob'].map(user => page.draftPrefixOf('cloakroom:test', user))
  for (const prefix of [adas, bobs]) page.keepDraft(`${prefix}letter`, 'stored')
  page.storeDrafts()
  page.keepDraft(`${adas}order`, 'in memory')
  page.forgetDrafts(adas!)

  expect(['letter', 'order'].map(form => page.takeDraft(adas + form))).toEqual([undefined, undefined])
  expect((await openPage()).takeDraft(`${bobs}letter`)).toBe('stored')
})

it('returns a draft to the next page once, with its plain data', async () => {
  const page = await openPage()
  const draft = { text: 'Dear Charles', lines: [1, null, { bold: true }] }
  page.keepDraft(KEY, reactive(draft))
  page.storeDrafts()
  const next = await openPage()

  expect(next.takeDraft(KEY)).toEqual(draft)
  expect(next.takeDraft(KEY)).toBeUndefined()
  expect((await openPage()).takeDraft(KEY)).toBeUndefined()
})

it.each(['', 'Dear Charles', 0, false])('returns the draft %j as it was', async (draft) => {
  const page = await openPage()
  page.keepDraft(KEY, draft)
  page.storeDrafts()

  expect((await openPage()).takeDraft(KEY)).toBe(draft)
})

it.each([
  ['a Set', { copies: new Set(['Mary']) }],
  ['a Date', [new Date(0)]],
  ['a BigInt', { count: 1n }],
])('stores no draft with %s, which would come back as something else', async (_, draft) => {
  const page = await openPage()
  page.keepDraft(KEY, draft)
  page.storeDrafts()

  expect(sessionStorage.length).toBe(0)
})

it('stores the other drafts if there is no space for one', async () => {
  const page = await openPage()
  const setItem = vi.spyOn(Storage.prototype, 'setItem').mockImplementationOnce(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  page.keepDraft('large', 'x')
  page.keepDraft(KEY, 'Dear Charles')
  page.storeDrafts()
  setItem.mockRestore()

  expect((await openPage()).takeDraft(KEY)).toBe('Dear Charles')
})
