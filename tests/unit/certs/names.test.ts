import { describe, expect, it } from 'vitest'
import { LOCAL_NAMES, parseTlsNames } from '../../../certs/names.ts'

describe('parseTlsNames', () => {
  it.each([undefined, '', ' ', ',', ' , ,'])('gives the local names alone for %j', (list) => {
    expect(parseTlsNames(list)).toEqual(LOCAL_NAMES)
  })

  it('adds DNS names, wildcards and addresses in one spelling, each once', () => {
    const list
      = ' App.Test ,*.app.test, 192.168.1.20,FE80:0:0::1,app.test,LOCALHOST, 0:0:0:0:0:0:0:1, xn--mnchen-3ya.test'
    expect(parseTlsNames(list)).toEqual([
      ...LOCAL_NAMES,
      'app.test',
      '*.app.test',
      '192.168.1.20',
      'fe80::1',
      'xn--mnchen-3ya.test',
    ])
  })

  it.each([
    'https://app.test',
    'app.test:3000',
    'app.test/path',
    '[::1]',
    'fe80::1%eth0',
    '300.1.1.1',
    '10.1',
    'a..b',
    '.app.test',
    'app.test.',
    '-a.test',
    'a-.test',
    'a_b.test',
    'a b',
    '*',
    '*.com',
    'a.*.test',
    'münchen.test',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(127)}aa`,
    'a\u0000b',
    'app.test;DNS:evil.test',
  ])('refuses %j and names the variable', (name) => {
    expect(() => parseTlsNames(`app.test,${name}`)).toThrow(
      /^\[certs\] NUXT_TLS_NAMES: ".*" is neither a DNS name nor an IP address\./s,
    )
  })
})
