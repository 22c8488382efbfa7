import type { Socket } from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { addressReader } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/client-address'
import { ForgedCookies } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/forged-cookies'
import { newSessionCookie, seal } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'

const NAME = '__Host-session'
const ring = parseKeyRing(generateKey())
const VALID = `${NAME}=${seal(ring, NAME, newSessionCookie())}`
const FORGED = `${NAME}=${seal(parseKeyRing(generateKey()), NAME, newSessionCookie())}`
const CLIENT = '203.0.113.9'

let now: number
let forged: ForgedCookies

function counter({ behindProxy }: { behindProxy: boolean }): ForgedCookies {
  const address = addressReader('', { behindProxy })
  return new ForgedCookies({ ring, cookieName: NAME, max: 3, address, clock: () => now })
}

beforeEach(() => {
  now = 1_800_000_000_000
  forged = counter({ behindProxy: false })
})

const from = (remoteAddress: string, cookie?: string) => ({ socket: { remoteAddress } as Socket, headers: { cookie } })

function send(count: number, request: ReturnType<typeof from>) {
  for (let i = 0; i < count; i++) forged.count(request)
}

describe('ForgedCookies', () => {
  it('refuses forged cookies of an address at the limit, until the minute is over', () => {
    send(2, from(CLIENT, FORGED))
    expect(forged.refusal(from(CLIENT, FORGED))).toBe(0)
    now += 10_000
    send(1, from(CLIENT, FORGED))
    expect(forged.refusal(from(CLIENT, FORGED))).toBe(50_000)
    now += 49_999
    expect(forged.refusal(from(CLIENT, FORGED))).toBe(1)
    now += 1
    expect(forged.refusal(from(CLIENT, FORGED))).toBe(0)
  })

  it('refuses neither a valid cookie of the same address nor a request without a session cookie', () => {
    send(5, from(CLIENT, FORGED))
    expect(forged.refusal(from(CLIENT, VALID))).toBe(0)
    expect(forged.refusal(from(CLIENT, 'theme=dark'))).toBe(0)
    expect(forged.refusal(from(CLIENT))).toBe(0)
  })

  it('refuses no other address, except those of the same IPv6 network', () => {
    send(5, from('2001:db8::1', FORGED))
    expect(forged.refusal(from(CLIENT, FORGED))).toBe(0)
    expect(forged.refusal(from('2001:db8:0:1::1', FORGED))).toBe(0)
    expect(forged.refusal(from('2001:db8::2', FORGED))).toBeGreaterThan(0)
  })

  const notSealed = [`${NAME}=`, `${NAME}=x`, `${NAME}=${'x'.repeat(5000)}`]
  it.each(notSealed)('refuses a cookie that was not sealed with one of the keys: %.30s', (cookie) => {
    send(3, from(CLIENT, cookie))
    expect(forged.refusal(from(CLIENT, cookie))).toBeGreaterThan(0)
  })

  it('counts nothing if the client address is unknown', () => {
    forged = counter({ behindProxy: true })
    send(10, from('10.0.0.1', FORGED))
    expect(forged.refusal(from('10.0.0.1', FORGED))).toBe(0)
  })
})
