import { beforeEach, describe, expect, it, vi } from 'vitest'
import { reportStart } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/start-report'
import { parseConfig } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'

const lines = vi.hoisted(() => ({ info: [] as string[], warn: [] as string[] }))

vi.mock('consola', () => ({
  consola: { info: (line: string) => lines.info.push(line), warn: (line: string) => lines.warn.push(line) },
}))

const STORE = { location: 'sqlite:/var/lib/app/sessions.db' }

function report(settings: Record<string, string>, { store = STORE, hasCustomEntry = false } = {}) {
  const config = parseConfig(settings)
  const origins = { own: new Set(config.origins), allowed: new Set(config.allowedOrigins) }
  reportStart({ config, origins, store }, hasCustomEntry)
}

beforeEach(() => {
  lines.info.length = 0
  lines.warn.length = 0
})

describe('the line at the start', () => {
  it('names the store, the origins and the proxies', () => {
    report({ origin: 'https://app.example.com', behindProxy: '1', trustedProxies: '127.0.0.1,10.0.0.0/8' })
    expect(lines.info).toEqual([
      '[cloakroom] Sessions are in sqlite:/var/lib/app/sessions.db. Origins: https://app.example.com. '
      + 'Proxies: 127.0.0.1,10.0.0.0/8.',
    ])
    expect(lines.warn).toEqual([])
  })

  it('says that a store is new: after a deployment, the old one may be elsewhere', () => {
    report({ origin: 'https://a.test' }, { store: { ...STORE, isNew: true } as never })
    expect(lines.info[0]).toContain('sessions.db, which is new and has no sessions yet. Origins')
  })

  it('names other origins that may call', () => {
    report({ origin: 'https://app.example.com', allowedOrigins: 'https://admin.example.com' })
    expect(lines.info[0]).toContain('Other origins that may call: https://admin.example.com. Proxies: none.')
    expect(lines.warn).toEqual([])
  })

  it('warns about each origin of another site', () => {
    report({ origin: 'https://a.test', allowedOrigins: 'https://b.test,https://x.a.test,https://c.test' })
    expect(lines.warn).toEqual([expect.stringContaining('lists other sites (https://b.test, https://c.test), and')])
  })

  it('says that the origin is unknown, with a warning, unless the server reports it itself', () => {
    report({})
    expect(lines.info[0]).toContain('Origins: those of the Host headers.')
    expect(lines.warn).toEqual([expect.stringContaining('NUXT_CLOAKROOM_ORIGIN is not set')])
    lines.warn.length = 0
    report({}, { hasCustomEntry: true })
    expect(lines.warn).toEqual([])
  })

  it('says that the proxies are unknown, with a warning', () => {
    report({ origin: 'https://a.test', behindProxy: '1' })
    expect(lines.info[0]).toContain('Proxies: unknown.')
    expect(lines.warn).toEqual([expect.stringContaining('NUXT_CLOAKROOM_TRUSTED_PROXIES is not set')])
  })
})

describe('an origin of another site that may call', () => {
  it.each([
    ['https://app.example.com', 'https://other.test', true],
    ['https://app.example.com', 'https://example.org', true],
    ['https://10.0.0.1', 'https://20.0.0.1', true],
    ['https://app.example.com', 'https://example.com', false],
    ['https://app.example.com', 'https://a.b.example.com:8443', false],
    ['https://localhost:3000', 'https://localhost:3001', false],
  ])('causes a warning without crossSite: %s, %s, %s', (origin, allowedOrigins, isOther) => {
    report({ origin, allowedOrigins })
    expect(lines.warn).toEqual(isOther ? [expect.stringContaining('Set NUXT_CLOAKROOM_CROSS_SITE=1')] : [])
    lines.warn.length = 0
    report({ origin, allowedOrigins, crossSite: '1' })
    expect(lines.warn).toEqual([])
  })
})
