import { describe, expect, it } from 'vitest'
import { isSafeMethod, provenanceOf } from '../../../layers/session/server/engine/request-origin'
import type { RequestProvenance } from '../../../layers/session/server/engine/request-origin'

const OWN = 'https://app.example.com'
const LISTED = 'https://partner.example.com:8443'
const EVIL = 'https://evil.test'
const known = { own: new Set([OWN]), allowed: new Set([LISTED]) }
const nothing: RequestProvenance = { method: 'POST', origin: undefined, referer: undefined, secFetchSite: undefined, secFetchMode: undefined, secFetchDest: undefined, hasCookie: true }

type Case = [name: string, outcome: 'own' | 'allowed' | 'foreign', request: Partial<RequestProvenance>]

const UNSAFE: Case[] = [
  ['B1 same-origin with our Origin', 'own', { secFetchSite: 'same-origin', origin: OWN }],
  ['B1 same-origin alone', 'own', { secFetchSite: 'same-origin' }],
  ['B2 same-site from a sibling', 'foreign', { secFetchSite: 'same-site', origin: 'https://other.example.com' }],
  ['B2 same-site from another port', 'foreign', { secFetchSite: 'same-site', origin: `${OWN}:2015` }],
  ['B2 same-site, though Origin claims to be ours', 'foreign', { secFetchSite: 'same-site', origin: OWN }],
  ['B2 same-site, on the allowlist', 'allowed', { secFetchSite: 'same-site', origin: LISTED }],
  ['B3 cross-site', 'foreign', { secFetchSite: 'cross-site', origin: EVIL }],
  ['B3 cross-site without a cookie', 'foreign', { secFetchSite: 'cross-site', origin: EVIL, hasCookie: false }],
  ['B3 cross-site without an Origin', 'foreign', { secFetchSite: 'cross-site' }],
  ['B3 cross-site, on the allowlist', 'allowed', { secFetchSite: 'cross-site', origin: LISTED }],
  ['B4 none without an Origin', 'foreign', { secFetchSite: 'none' }],
  ['B4 none with a foreign Origin', 'foreign', { secFetchSite: 'none', origin: EVIL }],
  ['B4 none with our Origin', 'own', { secFetchSite: 'none', origin: OWN }],
  ['B6 no Fetch Metadata, our Origin', 'own', { origin: OWN }],
  ['B7 no Fetch Metadata, foreign Origin', 'foreign', { origin: EVIL }],
  ['B7 foreign Origin without a cookie', 'foreign', { origin: EVIL, hasCookie: false }],
  ['B7 foreign Origin, our Referer', 'foreign', { origin: EVIL, referer: `${OWN}/` }],
  ['B7 our origin with another scheme', 'foreign', { origin: 'http://app.example.com' }],
  ['B7 our origin as a prefix', 'foreign', { origin: `${OWN}.evil.test` }],
  ['B8 our Referer', 'own', { referer: `${OWN}/page?x=1` }],
  ['B8 foreign Referer', 'foreign', { referer: `${EVIL}/${OWN}` }],
  ['B8 foreign Referer with us as its user name', 'foreign', { referer: 'https://app.example.com@evil.test/' }],
  ['B8 foreign Referer without a cookie', 'foreign', { referer: EVIL, hasCookie: false }],
  ['B8 Referer that is no URL', 'foreign', { referer: 'app.example.com' }],
  ['B8 Referer of an opaque origin', 'foreign', { referer: 'about:client' }],
  ['B8 nothing but a cookie', 'foreign', {}],
  ['B9 nothing at all', 'own', { hasCookie: false }],
  ['B10 Origin null from the same origin', 'own', { secFetchSite: 'same-origin', origin: 'null' }],
  ['B11 Origin null from a sandboxed frame', 'foreign', { secFetchSite: 'cross-site', origin: 'null' }],
  ['B11 Origin null without Fetch Metadata', 'foreign', { origin: 'null' }],
  ['B11 Origin null without a cookie', 'foreign', { origin: 'null', hasCookie: false }],
  ['an unknown Sec-Fetch-Site', 'foreign', { secFetchSite: 'same-planet', origin: OWN }],
  ['an empty Sec-Fetch-Site', 'foreign', { secFetchSite: '', origin: EVIL }],
  ['Sec-Fetch-Site in capitals', 'foreign', { secFetchSite: 'SAME-ORIGIN', origin: EVIL }],
]

const SAFE: Case[] = [
  ['typed or bookmarked', 'own', { secFetchSite: 'none', secFetchMode: 'navigate' }],
  ['from our page', 'own', { secFetchSite: 'same-origin', secFetchMode: 'cors' }],
  ['followed from another site', 'own', { secFetchSite: 'cross-site', secFetchMode: 'navigate', secFetchDest: 'document' }],
  ['followed from a sibling', 'own', { secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'document' }],
  ['a frame on a sibling', 'foreign', { secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'iframe' }],
  ['an object on a sibling', 'foreign', { secFetchSite: 'same-site', secFetchMode: 'navigate', secFetchDest: 'object' }],
  ['an embed on another site', 'foreign', { secFetchSite: 'cross-site', secFetchMode: 'navigate', secFetchDest: 'embed' }],
  ['a navigation to nobody knows what', 'foreign', { secFetchSite: 'cross-site', secFetchMode: 'navigate' }],
  ['a frame on our page', 'own', { secFetchSite: 'same-origin', secFetchMode: 'navigate', secFetchDest: 'iframe' }],
  ['an image on another site', 'foreign', { secFetchSite: 'cross-site', secFetchMode: 'no-cors' }],
  ['a fetch from a sibling', 'foreign', { secFetchSite: 'same-site', secFetchMode: 'cors', origin: 'https://other.example.com' }],
  ['a fetch from a listed origin', 'allowed', { secFetchSite: 'same-site', secFetchMode: 'cors', origin: LISTED }],
  ['an old browser or a program', 'own', {}],
  ['an old browser, our Origin', 'own', { origin: OWN }],
  ['an old browser, foreign Origin', 'foreign', { origin: EVIL }],
  ['an old browser, Origin null', 'foreign', { origin: 'null' }],
]

describe('provenanceOf', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
    it.each(UNSAFE)(`${method}: %s is %s`, (_name, outcome, request) => {
      expect(provenanceOf({ ...nothing, ...request, method }, known)).toBe(outcome)
    })
  }

  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    it.each(SAFE)(`${method}: %s is %s`, (_name, outcome, request) => {
      expect(provenanceOf({ ...nothing, ...request, method }, known)).toBe(outcome)
    })
  }

  it('lists nobody by default', () => {
    expect(provenanceOf({ ...nothing, origin: LISTED }, { own: new Set([OWN]), allowed: new Set() })).toBe('foreign')
  })

  it('trusts no Origin while its own is not known yet', () => {
    const unknown = { own: new Set<string>(), allowed: new Set<string>() }
    for (const origin of [OWN, 'null', '']) expect(provenanceOf({ ...nothing, origin }, unknown)).toBe('foreign')
    expect(provenanceOf({ ...nothing, referer: 'data:text/html,x' }, unknown)).toBe('foreign')
  })
})

describe('isSafeMethod', () => {
  it('holds for the three that change nothing, written exactly so', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', ''].filter(isSafeMethod)).toEqual(['GET', 'HEAD', 'OPTIONS'])
  })
})
