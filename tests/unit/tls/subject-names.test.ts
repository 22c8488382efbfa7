import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalName, subjectNames } from '../../../server/tls/subject-names.ts'
import { issuePair } from './pairs.ts'

describe('subjectNames', () => {
  it('reads names and addresses of a certificate, in canonical form', async () => {
    const { cert } = await issuePair(['localhost', 'App.Test', '*.app.test', '127.0.0.1', 'fd00:0:0::7'])
    expect(subjectNames(new X509Certificate(cert))).toEqual([
      'localhost',
      'app.test',
      '*.app.test',
      '127.0.0.1',
      'fd00::7',
    ])
  })

  it.each([
    [undefined, []],
    ['', []],
    ['DNS:a.test, DNS:A.test', ['a.test']],
    ['email:me@a.test, URI:https://a.test/, DNS:a.test, DirName:CN = x', ['a.test']],
    ['DNS:"a.test, DNS:evil.test", DNS:b.test', ['b.test']],
    ['DNS:"a\\", DNS:evil.test, DNS:\\"", DNS:b.test', ['b.test']],
    ['URI:"https://x/, DNS:evil.test", IP Address:10.0.0.1', ['10.0.0.1']],
  ])('takes nothing for a name that is not one: %j', (subjectAltName, names) => {
    expect(subjectNames({ subjectAltName })).toEqual(names)
  })
})

describe('canonicalName', () => {
  it.each([
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FE80::0:1', 'fe80::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['Local.Host', 'local.host'],
  ])('writes %s as %s', (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical)
  })
})
