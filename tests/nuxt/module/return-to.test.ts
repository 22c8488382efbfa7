import { describe, expect, it } from 'vitest'
import { safeReturnTo } from '../../../packages/nuxt-cloakroom/src/runtime/app/utils/return-to'

describe('safeReturnTo', () => {
  it.each([
    '/', '/devices', '/devices?tab=1&x=%2F%2Fevil.example', '/a/b#c', '/?next=https://evil.example', '/@evil.example',
    '/%2f/evil.example', '/%5cevil.example',
  ])('returns the path %s unchanged', (path) => {
    expect(safeReturnTo(path)).toBe(path)
  })

  it('normalizes the path', () => {
    expect(safeReturnTo('/a/../devices')).toBe('/devices')
  })

  it.each([
    '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', '/\\/evil.example',
    '//evil.example@localhost', '/..//evil.example', '/.//evil.example', '/a/..//evil.example', '/%2e%2e//evil.example',
    '/\t/evil.example', '/\n/evil.example', '/\r\n/evil.example', '\t//evil.example',
    '/devices\u0000', '/devices\u007F', '/devices\r\nset-cookie: a=b',
    'https://evil.example/', 'HTTPS:evil.example', 'https:/evil.example', 'javascript:alert(1)', 'data:text/html,x',
    'https://localhost/devices',
    'devices', '', ' /devices', '?a', '#a',
  ])('returns the fallback for %j', (text) => {
    expect(safeReturnTo(text)).toBe('/')
  })

  it.each([
    undefined, null, 7, ['/devices'], { toString: () => '/devices' },
  ])('returns the fallback for %o, which is not a string', (value) => {
    expect(safeReturnTo(value, '/home')).toBe('/home')
  })

  it('never returns a path that leads to another origin', () => {
    const parts = ['/', '\\', '.', '..', '//', 'evil.example', ':', '@', '?', '#', '\t', '%2f', '%5c', '\n']
    const texts = parts.flatMap(a => parts.flatMap(b => parts.flatMap(c => parts.map(d => `/${a}${b}${c}${d}`))))
    const originOf = (path: string) => new URL(path, 'https://app.example').origin
    const escaped = texts.filter(text => originOf(safeReturnTo(text)) !== 'https://app.example')
    expect(escaped).toEqual([])
  })
})
