import { is, parse } from 'valibot'
import { describe, expect, it } from 'vitest'
import { Credentials, PasswordChange, Registration } from '../../../shared/schemas/account'

const registers = (name: unknown, password: unknown, rest = {}) => is(Registration, { name, password, ...rest })

describe('a new password', () => {
  it.each([
    [7, false],
    [8, true],
    [64, true],
    [256, true],
    [257, false],
  ])('of %i characters: %s', (length, accepted) => {
    expect(registers('ada', 'p'.repeat(length))).toBe(accepted)
  })

  it.each(['        ', 'aaaaaaaa', 'ünïcödé ✓', 'new\nline!', '👩‍🚀👩‍🚀👩‍🚀👩‍🚀'])(
    'may be %j: there are no rules on its characters',
    (password) => {
      expect(registers('ada', password)).toBe(true)
    },
  )

  it('is taken as it is, blanks at its ends included', () => {
    expect(parse(Registration, { name: ' ada ', password: ' p p p p ' })).toEqual({
      name: 'ada',
      password: ' p p p p ',
      remember: false,
    })
  })

  it.each([undefined, null, 12345678, ['p'.repeat(8)], { length: 8 }])('is not %j', (password) => {
    expect(registers('ada', password)).toBe(false)
    expect(is(PasswordChange, { current: 'x', password })).toBe(false)
  })
})

describe('a name', () => {
  it.each(['ada', 'Ada.Lovelace', 'ada@example.org', 'ада', '阿达达', 'a'.repeat(64)])('may be %s', (name) => {
    expect(registers(name, 'p'.repeat(8))).toBe(true)
  })

  it.each(['ad', 'a'.repeat(65), 'a b c', 'ada\u0000', '<b>ada</b>', 'ada\u202E', 'ada\u200B', '   '])(
    'may not be %j',
    (name) => {
      expect(registers(name, 'p'.repeat(8))).toBe(false)
    },
  )
})

describe('credentials', () => {
  it('have no rules but a bound: a short password is simply wrong', () => {
    expect(is(Credentials, { name: 'x', password: 'y' })).toBe(true)
    expect(is(Credentials, { name: 'x', password: '' })).toBe(false)
    expect(is(Credentials, { name: 'x', password: 'y'.repeat(257) })).toBe(false)
  })

  it('ask for remember-me with true or false', () => {
    expect(is(Credentials, { name: 'x', password: 'y', remember: true })).toBe(true)
    expect(is(Credentials, { name: 'x', password: 'y', remember: 'yes' })).toBe(false)
  })
})
