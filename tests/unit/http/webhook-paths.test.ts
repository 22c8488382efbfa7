import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'

const paths = (webhookPaths: string) => parseConfig({ webhookPaths }).webhookPaths

describe('the setting webhookPaths', () => {
  it('is empty by default', () => {
    expect(parseConfig({}).webhookPaths).toEqual([])
  })

  it('keeps each path as it is written', () => {
    expect(paths(' /hook, /api/webhooks/payment-2.0_x~y ')).toEqual(['/hook', '/api/webhooks/payment-2.0_x~y'])
  })

  it.each([
    '/', 'hook', '/hook/', '//hook', '/api//hook', '/hook?x', '/hook#x', '/hook*', '/**', '/a/../b', '/a/.', '/..',
    '/h%6fok', '/hook;x', '/hook/[id]', '/:id', '\\hook', '/ho ok', '/hök', 'https://a.test/hook', '/hook,', ',',
  ])('refuses %j', (list) => {
    const message = new RegExp('^\\[cloakroom\\] NUXT_CLOAKROOM_WEBHOOK_PATHS has ".*", which is not an exact path\\. '
      + 'List exact paths')
    expect(() => paths(list)).toThrow(message)
  })

  it('refuses a path that is listed twice, and a route of the module', () => {
    expect(() => paths('/hook,/hook')).toThrow('lists /hook twice')
    expect(() => paths('/api/_session')).toThrow('has "/api/_session", a route that changes sessions')
    expect(() => paths('/api/_session/extend')).toThrow('a route that changes sessions')
    expect(paths('/api/_sessions')).toEqual(['/api/_sessions'])
  })
})
