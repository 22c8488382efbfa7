import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../layers/session/server/engine/config'

const paths = (webhookPaths: string) => parseConfig({ webhookPaths }).webhookPaths

describe('the paths of webhooks (B24)', () => {
  it('are none unless they are listed', () => {
    expect(parseConfig({}).webhookPaths).toEqual([])
  })

  it('are taken as they are written', () => {
    expect(paths(' /hook, /api/webhooks/payment-2.0_x~y ')).toEqual(['/hook', '/api/webhooks/payment-2.0_x~y'])
  })

  it.each(['/', 'hook', '/hook/', '//hook', '/api//hook', '/hook?x', '/hook#x', '/hook*', '/**', '/a/../b', '/a/.', '/..', '/h%6fok', '/hook;x', '/hook/[id]', '/:id', '\\hook', '/ho ok', '/hök', 'https://a.test/hook', '/hook,', ','])('are refused as %j', (list) => {
    expect(() => paths(list)).toThrow(/^\[session\] NUXT_SESSION_WEBHOOK_PATHS has ".*", which is no exact path\. List exact paths/)
  })

  it('are refused twice, and as a route of the layer', () => {
    expect(() => paths('/hook,/hook')).toThrow('lists /hook twice')
    expect(() => paths('/api/_session')).toThrow('has "/api/_session", a route that changes sessions')
    expect(() => paths('/api/_session/extend')).toThrow('a route that changes sessions')
    expect(paths('/api/_sessions')).toEqual(['/api/_sessions'])
  })
})
