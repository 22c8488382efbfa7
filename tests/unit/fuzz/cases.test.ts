import { describe, expect, it } from 'vitest'
import { KINDS, createRequest } from '../../../packages/nuxt-cloakroom/src/fuzz/cases'
import type { FuzzRequest, FuzzTarget } from '../../../packages/nuxt-cloakroom/src/fuzz/request'
import { describeRequest } from '../../../packages/nuxt-cloakroom/src/fuzz/request'
import { classifyOrigin, originHeadersOf, readCookie }
  from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'

const REQUESTS = 2000
const COOKIES = ['A', 'b'].map(letter => `${letter.repeat(50)}-_${letter.repeat(56)}`)
const NAME = '__Host-session'
const ORIGIN = 'https://localhost:3000'

const target: FuzzTarget = {
  origin: ORIGIN,
  base: '',
  host: 'localhost:3000',
  paths: ['/api/cart'],
  socketPaths: ['/chat'],
  cookieName: NAME,
  cookies: COOKIES,
  messageBytes: 1000,
}

const requestsOf = (seed: number, of = target) =>
  Array.from({ length: REQUESTS }, (_, index) => createRequest(seed, index, of))
const requests = requestsOf(1)

describe('the requests of a seed', () => {
  it('are the same in each run', () => {
    expect(requestsOf(1)).toEqual(requests)
  })

  it('are others than those of another seed', () => {
    const other = requestsOf(2)
    const same = requests.filter(({ bytes }, i) => bytes.equals(other[i]!.bytes))
    expect(same.length).toBeLessThan(REQUESTS / 20) // A few have no random part, for example an empty line.
  })

  it('do not depend on those before', () => {
    expect(createRequest(1, 999, target)).toEqual(requests[999])
  })

  it('are the same for other cookies, except where they contain these', () => {
    const others = COOKIES.map(cookie => cookie.replaceAll('A', 'C').replaceAll('b', 'd'))
    const describe = (request: FuzzRequest, of: FuzzTarget) => describeRequest(request, of)
    const forOthers = { ...target, cookies: others }
    const valid = (request: FuzzRequest) => request.cookie !== 'forged'
    expect(requestsOf(1, forOthers).filter(valid).map(request => describe(request, forOthers)))
      .toEqual(requests.filter(valid).map(request => describe(request, target)))
  })

  it('are of each kind in turn', () => {
    expect(requests.slice(0, KINDS.length).map(({ kind }) => kind)).toEqual(KINDS)
  })

  it('carry canaries of their own', () => {
    const ofPages = requests.filter(({ kind }) => kind === 'origins')
    const without = ofPages.filter(({ bytes, index }) =>
      ['query', 'header', 'cookie'].some(place => !bytes.includes(`x${index}x${place}`)))
    expect(without).toEqual([])
  })
})

describe('a request with a forged cookie', () => {
  const forged = requests.filter(({ cookie }) => cookie === 'forged')

  it('never contains one valid cookie alone, as the server reads it', () => {
    expect(forged.length).toBeGreaterThan(300)
    expect(forged.filter(request => COOKIES.includes(cookieOf(request) ?? ''))).toEqual([])
  })

  it('often contains a part of a valid cookie', () => {
    const parts = forged.filter(({ bytes }) => bytes.includes('A'.repeat(20)) || bytes.includes('b'.repeat(20)))
    expect(parts.length).toBeGreaterThan(forged.length / 3)
  })
})

describe('a request of another origin', () => {
  const foreign = requests.filter(({ isForeign }) => isForeign)

  it('has another origin, or contradicts itself', () => {
    expect(foreign.length).toBeGreaterThan(300)
    expect(foreign.filter(request => isOwn(headersOf(request)))).toEqual([])
  })

  it('sometimes claims to be of the same origin', () => {
    const claims = foreign.filter(({ bytes }) => bytes.includes('Sec-Fetch-Site: same-origin'))
    expect(claims.length).toBeGreaterThan(20)
  })

  it('does not claim that with the origin null, which browsers send for some forms of the same origin', () => {
    const claims = foreign.map(headersOf).filter(({ 'sec-fetch-site': site }) => site === 'same-origin')
    expect(claims.filter(({ origin }) => origin === undefined || origin === '' || origin === 'null')).toEqual([])
  })

  /** Without its claim in Fetch Metadata, which the server may check against the origin. */
  function isOwn({ 'sec-fetch-site': site, ...headers }: Record<string, string>): boolean {
    const honest = site === 'same-origin' ? headers : { ...headers, ...(site && { 'sec-fetch-site': site }) }
    const known = { own: new Set([ORIGIN]), allowed: new Set<string>() }
    return classifyOrigin(originHeadersOf('POST', honest, true), known) === 'own'
  }
})

/** The session cookie as the server reads it; Node joins several headers. */
function cookieOf(request: FuzzRequest): string | undefined {
  const cookie = readCookie(headersOf(request).cookie, NAME)
  return cookie.kind === 'present' ? cookie.value : undefined
}

function headersOf({ bytes }: FuzzRequest): Record<string, string> {
  const [head] = bytes.toString('latin1').split('\r\n\r\n')
  const headers: Record<string, string> = {}
  for (const line of head!.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    headers[name] = name in headers ? `${headers[name]}${name === 'cookie' ? '; ' : ', '}${value}` : value
  }
  return headers
}
