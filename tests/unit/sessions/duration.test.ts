import { describe, expect, it } from 'vitest'
import { parseDuration, toMilliseconds } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/duration'

describe('parseDuration', () => {
  it.each([['10m', 600_000], ['1s', 1000], ['1.5h', 5_400_000], ['400d', 34_560_000_000]])('parses %s', (text, ms) => {
    expect(parseDuration(text, 'an option')).toBe(ms)
  })

  it.each([
    '', ' ', 'm', '10', '0', '0s', '-10m', '401d', '99999999999y', 'soon', 'NaN', 'Infinity', '1e9d', null, undefined,
    Number.NaN, 10, -1, Infinity, true, {}, [],
  ])('refuses %j', (value) => {
    const message = /^\[cloakroom\] an option: .* is not a duration such as '10m'$/
    expect(() => parseDuration(value, 'an option')).toThrow(message)
  })

  it('gives no long text to the parser, whose time grows with the square of the length', () => {
    expect(toMilliseconds(`${'0'.repeat(30)}1m`)).toBe(60_000)
    for (const long of [`${'0'.repeat(31)}1m`, `${'9'.repeat(15_000)}m`]) {
      expect(toMilliseconds(long)).toBeUndefined()
      expect(() => parseDuration(long, 'an option')).toThrow(/^.{0,99}$/)
    }
  })
})
