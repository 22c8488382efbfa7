import { describe, expect, it } from 'vitest'
import { isProvedBy, secretTagOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/secret-tag'

const [CURRENT, PREVIOUS, OTHER] = ['a', 'b', 'c'].map(letter => letter.repeat(43)) as [string, string, string]
const previous = { hash: PREVIOUS, salt: 'salt', grace: null, older: OTHER }

describe('the tag of a session that has ended', () => {
  it('is proved by the current secret only, if there is no previous one', () => {
    const tag = secretTagOf({ secretHash: CURRENT, previous: null })
    const tombstone = { secretTag: tag, removedAt: 0 }
    expect([CURRENT, PREVIOUS, ''].map(hash => isProvedBy(hash, tombstone))).toEqual([true, false, false])
  })

  it('is proved by the previous secret while the current one was not used', () => {
    const tag = secretTagOf({ secretHash: CURRENT, previous })
    const tombstone = { secretTag: tag, removedAt: 1e15 }
    expect([CURRENT, PREVIOUS, OTHER].map(hash => isProvedBy(hash, tombstone))).toEqual([true, true, false])
  })

  it('is proved by the previous secret if the session ended in its grace period', () => {
    const tag = secretTagOf({ secretHash: CURRENT, previous: { ...previous, grace: { from: 10, until: 40 } } })
    expect([39, 40].map(removedAt => isProvedBy(PREVIOUS, { secretTag: tag, removedAt }))).toEqual([true, false])
    expect(isProvedBy(CURRENT, { secretTag: tag, removedAt: 40 })).toBe(true)
  })

  it('is not proved by a secret that a sign-in has made invalid', () => {
    const tag = secretTagOf({ secretHash: CURRENT, previous: { ...previous, salt: '' } })
    expect(isProvedBy(PREVIOUS, { secretTag: tag, removedAt: 0 })).toBe(false)
  })

  it('is proved by nothing if a store has lost it', () => {
    expect([undefined, ''].map(secretTag => isProvedBy(CURRENT, { secretTag, removedAt: 0 }))).toEqual([false, false])
    expect(isProvedBy('', { secretTag: '', removedAt: 0 })).toBe(false)
  })

  it('holds no whole hash', () => {
    const tag = secretTagOf({ secretHash: CURRENT, previous })
    expect(tag).not.toContain(CURRENT)
    expect(tag).not.toContain(PREVIOUS)
  })
})
