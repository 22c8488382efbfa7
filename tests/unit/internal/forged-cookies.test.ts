import type { Socket } from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { generateKey, parseKeyRing } from '../../../layers/session/server/engine/key-ring'
import { newTicket, seal } from '../../../layers/session/server/engine/seal'
import { addressReader } from '../../../layers/session/server/internal/client-address'
import { ForgedCookies } from '../../../layers/session/server/internal/forged-cookies'

const NAME = '__Host-session'
const ring = parseKeyRing(generateKey())
const GENUINE = `${NAME}=${seal(ring, NAME, newTicket())}`
const FORGED = `${NAME}=${seal(parseKeyRing(generateKey()), NAME, newTicket())}`

let now: number
let forged: ForgedCookies

beforeEach(() => {
  now = 1_800_000_000_000
  forged = new ForgedCookies({ ring, cookieName: NAME, most: 3, address: addressReader('', { behindProxy: false }), clock: () => now })
})

const from = (remoteAddress: string, cookie?: string) => ({ socket: { remoteAddress } as Socket, headers: { cookie } })
const send = (count: number, request: ReturnType<typeof from>) => Array.from({ length: count }, () => forged.note(request))

describe('forged cookies (A30)', () => {
  it('are refused from the limit on, until the minute is over', () => {
    send(2, from('203.0.113.9', FORGED))
    expect(forged.refusal(from('203.0.113.9', FORGED))).toBe(0)
    now += 10_000
    send(1, from('203.0.113.9', FORGED))
    expect(forged.refusal(from('203.0.113.9', FORGED))).toBe(50_000)
    now += 49_999
    expect(forged.refusal(from('203.0.113.9', FORGED))).toBe(1)
    now += 1
    expect(forged.refusal(from('203.0.113.9', FORGED))).toBe(0)
  })

  it('harm neither a ticket of ours from the same address, nor whoever has no cookie', () => {
    send(5, from('203.0.113.9', FORGED))
    expect(forged.refusal(from('203.0.113.9', GENUINE))).toBe(0)
    expect(forged.refusal(from('203.0.113.9', 'theme=dark'))).toBe(0)
    expect(forged.refusal(from('203.0.113.9'))).toBe(0)
  })

  it('harm no other address, but the whole of an IPv6 network', () => {
    send(5, from('2001:db8::1', FORGED))
    expect(forged.refusal(from('203.0.113.9', FORGED))).toBe(0)
    expect(forged.refusal(from('2001:db8:0:1::1', FORGED))).toBe(0)
    expect(forged.refusal(from('2001:db8::2', FORGED))).toBeGreaterThan(0)
  })

  it.each([`${NAME}=`, `${NAME}=x`, `${NAME}=${'x'.repeat(5000)}`])('are all that no key of ours has sealed: %.30s', (cookie) => {
    send(3, from('203.0.113.9', cookie))
    expect(forged.refusal(from('203.0.113.9', cookie))).toBeGreaterThan(0)
  })

  it('are not counted where nobody can tell who sent them', () => {
    forged = new ForgedCookies({ ring, cookieName: NAME, most: 3, address: addressReader('', { behindProxy: true }), clock: () => now })
    send(10, from('10.0.0.1', FORGED))
    expect(forged.refusal(from('10.0.0.1', FORGED))).toBe(0)
  })
})
