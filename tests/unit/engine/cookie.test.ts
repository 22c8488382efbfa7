import { describe, expect, it } from 'vitest'
import { cookieAttributes, readCookie, serializeClearedCookie, serializeCookie } from '../../../layers/session/server/engine/cookie'

const NAME = '__Host-session'
const read = (header: string | undefined) => readCookie(header, NAME)
const present = (value: string) => ({ kind: 'present', value })

describe('readCookie', () => {
  it.each([
    [undefined],
    [''],
    ['other=1'],
    ['a=1; b=2'],
  ])('finds nothing in %j', (header) => {
    expect(read(header)).toEqual({ kind: 'absent' })
  })

  it.each([
    [`${NAME}=v`],
    [`a=1; ${NAME}=v; b=2`],
    [`a=1;${NAME}=v;b=2`],
    [` \t ${NAME}=v \t `],
    [`a=${NAME}=x; ${NAME}=v`],
    [`;;; ${NAME}=v;;;`],
  ])('finds v in %j', (header) => {
    expect(read(header)).toEqual(present('v'))
  })

  it('keeps everything behind the first equals sign, quotes and percent signs too (A25)', () => {
    for (const value of ['', 'a=b', '"v"', '%76', '%00', '%0d%0aSet-Cookie:x=1', 'a b', 'ü']) expect(read(`${NAME}=${value}`)).toEqual(present(value))
  })

  it('takes one that stands there twice with the same value (A17)', () => {
    expect(read(`${NAME}=v; a=1; ${NAME}=v`)).toEqual(present('v'))
  })

  it.each([
    [`${NAME}=v; ${NAME}=w`],
    [`${NAME}=w; a=1; ${NAME}=v`],
    [`${NAME}=v; ${NAME}=`],
    [`${NAME}=v; ${NAME}=v; ${NAME}=w`],
  ])('trusts neither of two different values (A18): %j', (header) => {
    expect(read(header)).toEqual({ kind: 'duplicate' })
  })

  it('ignores other spellings of the name (A20)', () => {
    for (const name of ['__host-session', '__HOST-SESSION', '__Host-Session', '__Host-sessio', '__Host-session1', 'x__Host-session', '__Secure-session']) {
      expect(read(`${name}=evil`)).toEqual({ kind: 'absent' })
      expect(read(`${name}=evil; ${NAME}=v`)).toEqual(present('v'))
    }
  })

  it('ignores names with bytes before or behind that other parsers trim (A21)', () => {
    for (const byte of ['\x0B', '\x0C', '\xA0', '\x85', '\uFEFF', '\u2003', '\0', '\r', '\n', '"']) {
      expect(read(`${byte}${NAME}=evil; ${NAME}=v`)).toEqual(present('v'))
      expect(read(`${NAME}${byte}=evil; ${NAME}=v`)).toEqual(present('v'))
    }
  })

  it('ignores a name with blanks before its equals sign (A21)', () => {
    expect(read(`${NAME} =evil`)).toEqual({ kind: 'absent' })
    expect(read(`${NAME}\t=evil; ${NAME}=v`)).toEqual(present('v'))
  })

  it('keeps such bytes in the value, so that the seal refuses it', () => {
    for (const byte of ['\x0B', '\x0C', '\xA0']) expect(read(`${NAME}=v${byte}`)).toEqual(present(`v${byte}`))
  })

  it('ignores a cookie without a name, and the name without a value (A23)', () => {
    for (const header of [`=${NAME}=evil`, NAME, `${NAME};`, `=${NAME}`, `a; ${NAME}; b`]) expect(read(header)).toEqual({ kind: 'absent' })
    expect(read(`=${NAME}=evil; ${NAME}=v`)).toEqual(present('v'))
  })

  it('reads a header of 16 KiB made of blanks in no time', () => {
    expect(read(`${' '.repeat(16_000)}${NAME}=v${' '.repeat(16_000)}`)).toEqual(present('v'))
  })
})

describe('serializeCookie', () => {
  const lax = { name: NAME, crossSite: false }
  const crossSite = { name: NAME, crossSite: true }

  it('sets a cookie that ends with the browser', () => {
    expect(serializeCookie(lax, 'v')).toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax')
  })

  it('sets one that outlives it', () => {
    expect(serializeCookie(lax, 'v', 60)).toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60')
  })

  it('sets one for use from another site', () => {
    expect(serializeCookie(crossSite, 'v')).toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=None; Partitioned')
  })

  it.each([lax, crossSite])('clears it with the attributes it was set with (%j)', (options) => {
    expect(serializeClearedCookie(options)).toBe(`${NAME}=; ${cookieAttributes(options).join('; ')}; Max-Age=0`)
  })

  it('never names a domain', () => {
    for (const options of [lax, crossSite]) expect(serializeCookie(options, 'v', 1)).not.toMatch(/domain/i)
  })
})
