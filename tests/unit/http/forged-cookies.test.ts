import type { Socket } from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { addressReader } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/client-address'
import { ForgedCookies } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/forged-cookies'
import type { CookieReading } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/authentication'
import { newSessionCookie, seal } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'

const NAME = '__Host-session'
const ring = parseKeyRing(generateKey())
const VALID = present(seal(ring, NAME, newSessionCookie()))
const FORGED = present(seal(parseKeyRing(generateKey()), NAME, newSessionCookie()))
const CLIENT = '203.0.113.9'

let now: number
let unknownKeys: number
let forged: ForgedCookies

function counter({ behindProxy }: { behindProxy: boolean }): ForgedCookies {
  const address = addressReader('', { behindProxy })
  const onUnknownKey = () => unknownKeys++
  return new ForgedCookies({ ring, cookieName: NAME, max: 3, address, clock: () => now, onUnknownKey })
}

beforeEach(() => {
  now = 1_800_000_000_000
  unknownKeys = 0
  forged = counter({ behindProxy: false })
})

function present(value: string) {
  return { kind: 'present', value } as const
}

const from = (remoteAddress: string) => ({ socket: { remoteAddress } as Socket, headers: {} })

function send(count: number, address: string, cookie: CookieReading = FORGED) {
  for (let i = 0; i < count; i++) forged.count(from(address), cookie)
}

describe('ForgedCookies', () => {
  it('ignores forged cookies of an address at the limit, until the minute is over', () => {
    send(2, CLIENT)
    expect(forged.isIgnored(from(CLIENT), FORGED)).toBe(false)
    now += 10_000
    send(1, CLIENT)
    expect(forged.isIgnored(from(CLIENT), FORGED)).toBe(true)
    now += 49_999
    expect(forged.isIgnored(from(CLIENT), FORGED)).toBe(true)
    now += 1
    expect(forged.isIgnored(from(CLIENT), FORGED)).toBe(false)
  })

  it('ignores neither a valid cookie of the same address nor the lack of one', () => {
    send(5, CLIENT)
    for (const cookie of [VALID, { kind: 'absent' }, { kind: 'duplicate' }] as const) {
      expect(forged.isIgnored(from(CLIENT), cookie)).toBe(false)
    }
  })

  it('ignores those of no other address, except of the same IPv6 network', () => {
    send(5, '2001:db8::1')
    expect(forged.isIgnored(from(CLIENT), FORGED)).toBe(false)
    expect(forged.isIgnored(from('2001:db8:0:1::1'), FORGED)).toBe(false)
    expect(forged.isIgnored(from('2001:db8::2'), FORGED)).toBe(true)
  })

  it.each(['', 'x', 'x'.repeat(5000)])('ignores a cookie that was not sealed with one of the keys: %.30s', (value) => {
    send(3, CLIENT, present(value))
    expect(forged.isIgnored(from(CLIENT), present(value))).toBe(true)
  })

  it('counts nothing if the client address is unknown', () => {
    forged = counter({ behindProxy: true })
    send(10, '10.0.0.1')
    expect(forged.isIgnored(from('10.0.0.1'), FORGED)).toBe(false)
  })

  it('reports the first cookie of an unknown key, once, and no other forged cookie', () => {
    send(1, CLIENT, present('x'))
    const [head, tail] = [VALID.value.slice(0, -4), VALID.value.slice(-4)]
    send(1, CLIENT, present(head + tail.split('').reverse().join('')))
    expect(unknownKeys).toBe(0)
    send(2, CLIENT)
    send(1, '203.0.113.10')
    expect(unknownKeys).toBe(1)
  })
})
