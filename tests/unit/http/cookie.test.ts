import { describe, expect, it } from 'vitest'
import { readCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import {
  cookieAttributes, serializeClearedCookie, serializeCookie,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/http/set-cookie'

const NAME = '__Host-session'
const read = (header: string | undefined) => readCookie(header, NAME)
const present = (value: string) => ({ kind: 'present', value })

describe('readCookie', () => {
  it.each([
    [undefined],
    [''],
    ['other=1'],
    ['a=1; b=2'],
  ])('finds no cookie in %j', (header) => {
    expect(read(header)).toEqual({ kind: 'absent' })
  })

  it.each([
    [`${NAME}=v`],
    [`a=1; ${NAME}=v; b=2`],
    [`a=1;${NAME}=v;b=2`],
    [` \t ${NAME}=v \t `],
    [`a=${NAME}=x; ${NAME}=v`],
    [`;;; ${NAME}=v;;;`],
  ])('finds the value v in %j', (header) => {
    expect(read(header)).toEqual(present('v'))
  })

  it('returns everything after the first equals sign unchanged, with quotes and percent signs', () => {
    for (const value of ['', 'a=b', '"v"', '%76', '%00', '%0d%0aSet-Cookie:x=1', 'a b', 'ü']) {
      expect(read(`${NAME}=${value}`)).toEqual(present(value))
    }
  })

  it('accepts a cookie that occurs twice with the same value', () => {
    expect(read(`${NAME}=v; a=1; ${NAME}=v`)).toEqual(present('v'))
  })

  it.each([
    [`${NAME}=v; ${NAME}=w`],
    [`${NAME}=w; a=1; ${NAME}=v`],
    [`${NAME}=v; ${NAME}=`],
    [`${NAME}=v; ${NAME}=v; ${NAME}=w`],
  ])('reports two different values as duplicate: %j', (header) => {
    expect(read(header)).toEqual({ kind: 'duplicate' })
  })

  it('ignores other spellings of the name', () => {
    for (const name of [
      '__host-session', '__HOST-SESSION', '__Host-Session', '__Host-sessio', '__Host-session1', 'x__Host-session',
      '__Secure-session',
    ]) {
      expect(read(`${name}=evil`)).toEqual({ kind: 'absent' })
      expect(read(`${name}=evil; ${NAME}=v`)).toEqual(present('v'))
    }
  })

  it('ignores a name before or after which there are bytes that other parsers trim', () => {
    for (const byte of ['\x0B', '\x0C', '\xA0', '\x85', '\uFEFF', '\u2003', '\0', '\r', '\n', '"']) {
      expect(read(`${byte}${NAME}=evil; ${NAME}=v`)).toEqual(present('v'))
      expect(read(`${NAME}${byte}=evil; ${NAME}=v`)).toEqual(present('v'))
    }
  })

  it('ignores a name with a blank before its equals sign', () => {
    expect(read(`${NAME} =evil`)).toEqual({ kind: 'absent' })
    expect(read(`${NAME}\t=evil; ${NAME}=v`)).toEqual(present('v'))
  })

  it('returns such bytes in the value unchanged, so that its seal is not valid', () => {
    for (const byte of ['\x0B', '\x0C', '\xA0']) expect(read(`${NAME}=v${byte}`)).toEqual(present(`v${byte}`))
  })

  it('ignores a cookie without a name, and the name without a value', () => {
    for (const header of [`=${NAME}=evil`, NAME, `${NAME};`, `=${NAME}`, `a; ${NAME}; b`]) {
      expect(read(header)).toEqual({ kind: 'absent' })
    }
    expect(read(`=${NAME}=evil; ${NAME}=v`)).toEqual(present('v'))
  })

  it('reads a header that consists of 32 kB of blanks', () => {
    expect(read(`${' '.repeat(16_000)}${NAME}=v${' '.repeat(16_000)}`)).toEqual(present('v'))
  })
})

describe('serializeCookie', () => {
  const lax = { name: NAME, crossSite: false }
  const crossSite = { name: NAME, crossSite: true }

  it('sets a cookie that ends with the browser if there is no maxAge', () => {
    expect(serializeCookie(lax, 'v')).toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax')
  })

  it('sets a cookie that outlives the browser if there is a maxAge', () => {
    expect(serializeCookie(lax, 'v', 60)).toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60')
  })

  it('sets a cookie for use from another site if crossSite is true', () => {
    expect(serializeCookie(crossSite, 'v'))
      .toBe('__Host-session=v; Path=/; Secure; HttpOnly; SameSite=None; Partitioned')
  })

  it.each([lax, crossSite])('clears the cookie with the attributes that it was set with: %j', (options) => {
    expect(serializeClearedCookie(options)).toBe(`${NAME}=; ${cookieAttributes(options).join('; ')}; Max-Age=0`)
  })

  it('never sets a Domain', () => {
    for (const options of [lax, crossSite]) expect(serializeCookie(options, 'v', 1)).not.toMatch(/domain/i)
  })
})
