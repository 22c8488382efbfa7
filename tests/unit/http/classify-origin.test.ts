import { describe, expect, it } from 'vitest'
import {
  classifyOrigin, isCrossSiteForm, isSafeMethod, originHeadersOf,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import type {
  OriginHeaders, RequestOrigin,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'

const OWN = 'https://app.example.com'
const ALLOWED = 'https://partner.example.com:8443'
const EVIL = 'https://evil.test'
const known = { own: new Set([OWN]), allowed: new Set([ALLOWED]) }
const cookieOnly: OriginHeaders = {
  method: 'POST', origin: undefined, referer: undefined, secFetchSite: undefined, secFetchMode: undefined,
  secFetchDest: undefined, hasSessionCookie: true, hasBearerToken: false,
}

type Case = [origin: RequestOrigin, request: string, headers: Partial<OriginHeaders>]

const UNSAFE: Case[] = [
  ['own', 'same-origin, with the app\'s Origin', { secFetchSite: 'same-origin', origin: OWN }],
  ['own', 'same-origin, without Origin', { secFetchSite: 'same-origin' }],
  ['foreign', 'same-site, from a sibling host', { secFetchSite: 'same-site', origin: 'https://other.example.com' }],
  ['foreign', 'same-site, from another port', { secFetchSite: 'same-site', origin: `${OWN}:2015` }],
  ['foreign', 'same-site, with the app\'s Origin', { secFetchSite: 'same-site', origin: OWN }],
  ['allowed', 'same-site, from an allowed origin', { secFetchSite: 'same-site', origin: ALLOWED }],
  ['foreign', 'cross-site', { secFetchSite: 'cross-site', origin: EVIL }],
  ['foreign', 'cross-site, without the session cookie', {
    secFetchSite: 'cross-site', origin: EVIL, hasSessionCookie: false,
  }],
  ['foreign', 'cross-site, without Origin', { secFetchSite: 'cross-site' }],
  ['allowed', 'cross-site, from an allowed origin', { secFetchSite: 'cross-site', origin: ALLOWED }],
  ['foreign', 'Sec-Fetch-Site none, without Origin', { secFetchSite: 'none' }],
  ['foreign', 'Sec-Fetch-Site none, with a foreign Origin', { secFetchSite: 'none', origin: EVIL }],
  ['own', 'Sec-Fetch-Site none, with the app\'s Origin', { secFetchSite: 'none', origin: OWN }],
  ['own', 'without Fetch Metadata, with the app\'s Origin', { origin: OWN }],
  ['foreign', 'without Fetch Metadata, with a foreign Origin', { origin: EVIL }],
  ['foreign', 'with a foreign Origin, without the session cookie', { origin: EVIL, hasSessionCookie: false }],
  ['foreign', 'with a foreign Origin and the app\'s Referer', { origin: EVIL, referer: `${OWN}/` }],
  ['foreign', 'with the app\'s origin under another scheme', { origin: 'http://app.example.com' }],
  ['foreign', 'with an origin that starts with the app\'s', { origin: `${OWN}.evil.test` }],
  ['own', 'with the app\'s Referer', { referer: `${OWN}/page?x=1` }],
  ['foreign', 'with a foreign Referer', { referer: `${EVIL}/${OWN}` }],
  ['foreign', 'with a foreign Referer whose user name is the app\'s host', {
    referer: 'https://app.example.com@evil.test/',
  }],
  ['foreign', 'with a foreign Referer, without the session cookie', { referer: EVIL, hasSessionCookie: false }],
  ['foreign', 'with a Referer that is not a URL', { referer: 'app.example.com' }],
  ['foreign', 'with a Referer of an opaque origin', { referer: 'about:client' }],
  ['foreign', 'with the session cookie and none of the headers', {}],
  ['own', 'without the session cookie and without the headers', { hasSessionCookie: false }],
  ['own', 'with a bearer token and without the headers', { hasBearerToken: true }],
  ['foreign', 'with a bearer token, from a foreign Origin', { hasBearerToken: true, origin: EVIL }],
  ['foreign', 'with a bearer token, cross-site', { hasBearerToken: true, secFetchSite: 'cross-site' }],
  ['own', 'same-origin, with Origin null', { secFetchSite: 'same-origin', origin: 'null' }],
  ['foreign', 'cross-site, with Origin null, from a sandboxed frame', { secFetchSite: 'cross-site', origin: 'null' }],
  ['foreign', 'without Fetch Metadata, with Origin null', { origin: 'null' }],
  ['foreign', 'with Origin null, without the session cookie', { origin: 'null', hasSessionCookie: false }],
  ['foreign', 'with an unknown Sec-Fetch-Site', { secFetchSite: 'same-planet', origin: OWN }],
  ['foreign', 'with an empty Sec-Fetch-Site', { secFetchSite: '', origin: EVIL }],
  ['foreign', 'with Sec-Fetch-Site in capitals', { secFetchSite: 'SAME-ORIGIN', origin: EVIL }],
]

const SAFE: Case[] = [
  ['own', 'for a typed or bookmarked address', { secFetchSite: 'none', secFetchMode: 'navigate' }],
  ['own', 'from a page of the app\'s origin', { secFetchSite: 'same-origin', secFetchMode: 'cors' }],
  ['own', 'for a link followed from another site', {
    secFetchSite: 'cross-site', secFetchMode: 'navigate', secFetchDest: 'document',
  }],
  ['own', 'for a link followed from a sibling host', {
    secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'document',
  }],
  ['foreign', 'for a frame on a sibling host', {
    secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'iframe',
  }],
  ['foreign', 'for an object on a sibling host', {
    secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'object',
  }],
  ['foreign', 'for an embed on another site', {
    secFetchSite: 'cross-site', secFetchMode: 'navigate', secFetchDest: 'embed',
  }],
  ['foreign', 'for a navigation without Sec-Fetch-Dest, from another site', {
    secFetchSite: 'cross-site', secFetchMode: 'navigate',
  }],
  ['own', 'for a frame on a page of the app\'s origin', {
    secFetchSite: 'same-origin', secFetchMode: 'navigate', secFetchDest: 'iframe',
  }],
  ['foreign', 'for an image on another site', { secFetchSite: 'cross-site', secFetchMode: 'no-cors' }],
  ['foreign', 'for a fetch from a sibling host', {
    secFetchSite: 'same-site', secFetchMode: 'cors', origin: 'https://other.example.com',
  }],
  ['allowed', 'for a fetch from an allowed origin', {
    secFetchSite: 'same-site', secFetchMode: 'cors', origin: ALLOWED,
  }],
  ['own', 'without Fetch Metadata and Origin', {}],
  ['own', 'without Fetch Metadata, with the app\'s Origin', { origin: OWN }],
  ['foreign', 'without Fetch Metadata, with a foreign Origin', { origin: EVIL }],
  ['foreign', 'without Fetch Metadata, with Origin null', { origin: 'null' }],
]

describe('classifyOrigin', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
    it.each(UNSAFE)(`classifies ${method} as %s: %s`, (origin, _request, headers) => {
      expect(classifyOrigin({ ...cookieOnly, ...headers, method }, known)).toBe(origin)
    })
  }

  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    it.each(SAFE)(`classifies ${method} as %s: %s`, (origin, _request, headers) => {
      expect(classifyOrigin({ ...cookieOnly, ...headers, method }, known)).toBe(origin)
    })
  }

  it('allows no other origin if none is on the allowlist', () => {
    const singleOrigin = { own: new Set([OWN]), allowed: new Set<string>() }
    expect(classifyOrigin({ ...cookieOnly, origin: ALLOWED }, singleOrigin)).toBe('foreign')
  })

  it('trusts no Origin while the app\'s own origin is unknown', () => {
    const unknown = { own: new Set<string>(), allowed: new Set<string>() }
    for (const origin of [OWN, 'null', '']) {
      expect(classifyOrigin({ ...cookieOnly, origin }, unknown)).toBe('foreign')
    }
    expect(classifyOrigin({ ...cookieOnly, referer: 'data:text/html,x' }, unknown)).toBe('foreign')
  })
})

describe('isSafeMethod', () => {
  it('returns true for GET, HEAD and OPTIONS only, in capitals only', () => {
    const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', '']
    expect(methods.filter(isSafeMethod)).toEqual(['GET', 'HEAD', 'OPTIONS'])
  })
})

describe('originHeadersOf', () => {
  it.each([
    ['Bearer abc', true], ['bearer abc', true], ['BEARER abc', true],
    ['Basic YTpi', false], ['Bearer', false], ['Bearerabc', false], ['Negotiate abc', false], [undefined, false],
  ])('finds a bearer token in the Authorization header %j: %s', (authorization, expected) => {
    expect(originHeadersOf('POST', { authorization }, false).hasBearerToken).toBe(expected)
  })
})

describe('isCrossSiteForm', () => {
  const form = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  it('returns true for a form that was submitted at the top level, and without Fetch Metadata', () => {
    expect([isCrossSiteForm('POST', form), isCrossSiteForm('POST', {})]).toEqual([true, true])
  })

  it.each([
    ['in a frame', 'POST', { ...form, 'sec-fetch-dest': 'iframe' }],
    ['by fetch', 'POST', { ...form, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['by fetch without CORS', 'POST', { ...form, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
    ['with another method', 'PUT', form],
    ['with DELETE and without Fetch Metadata', 'DELETE', {}],
  ])('returns false for a request %s', (_how, method, headers) => {
    expect(isCrossSiteForm(method, headers)).toBe(false)
  })
})
