import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { refuseMalformed, refuseOtherHosts } from '../../../server/tls/requests.ts'
import type { Guard } from '../../../server/tls/requests.ts'
import { issuePair } from './pairs.ts'

const request = (host?: string, url = '/', httpVersion = '1.1') => ({
  url,
  httpVersion,
  headers: { host },
  rawHeaders: host === undefined ? [] : ['Accept', '*/*', 'Host', host],
})

describe('refuseMalformed', () => {
  it.each(['/', '/a?b', '//a', '*'])('lets the target %j through', (url) => {
    expect(refuseMalformed(request('localhost', url))).toBeNull()
  })

  it.each(['https://localhost/', 'http://evil.test/api', 'localhost:443', '', '?a', '**'])(
    'refuses the target %j',
    (url) => {
      expect(refuseMalformed(request('localhost', url))).toMatchObject({ status: 400 })
    },
  )

  it('refuses a request without Host, but for HTTP/1.0, which has none', () => {
    expect(refuseMalformed(request())).toMatchObject({ status: 400 })
    expect(refuseMalformed(request(undefined, '/', '1.0'))).toBeNull()
  })

  it('refuses two Host headers, in whatever case and order', () => {
    const rawHeaders = ['host', 'localhost', 'Accept', '*/*', 'HOST', 'localhost']
    expect(refuseMalformed({ ...request('localhost'), rawHeaders })).toMatchObject({ status: 400 })
  })

  it('does not take a header\'s value for its name', () => {
    expect(refuseMalformed({ ...request('localhost'), rawHeaders: ['Host', 'host', 'X-A', 'host'] })).toBeNull()
  })
})

describe('refuseOtherHosts', () => {
  let refuse: Guard

  beforeAll(async () => {
    const { cert } = await issuePair(['localhost', 'app.test', '*.wild.test', '127.0.0.1', '::1'])
    refuse = refuseOtherHosts(new X509Certificate(cert))
  })

  it.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST:3000',
    'localhost.',
    'app.test',
    'a.wild.test',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:3000',
    '[0:0:0:0:0:0:0:1]:3000',
  ])('serves %s, the second time too', (host) => {
    expect(refuse(request(host))).toBeNull()
    expect(refuse(request(host))).toBeNull()
  })

  it.each([
    'evil.test',
    'app.test.evil.test',
    'evil-app.test',
    'wild.test',
    'a.b.wild.test',
    '127.0.0.2',
    '[::2]',
    '::1',
    '',
    ':3000',
    'localhost:3000:1',
    'localhost:x',
    'user@localhost',
    'localhost/',
    'localhost, evil.test',
    'localhost\u0000.evil.test',
    '[localhost]',
    '*.wild.test.evil.test',
  ])('answers 421 for %j', (host) => {
    expect(refuse(request(host))).toMatchObject({ status: 421 })
  })

  it('lets a request without Host through, which HTTP/1.0 allows', () => {
    expect(refuse(request())).toBeNull()
  })

  it('stays right when more spellings come than it remembers', () => {
    for (let port = 0; port < 500; port++) expect(refuse(request(`localhost:${port}`))).toBeNull()
    expect(refuse(request('evil.test'))).toMatchObject({ status: 421 })
  })
})
