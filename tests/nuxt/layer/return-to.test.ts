import { describe, expect, it } from 'vitest'
import { safeReturnTo } from '../../../layers/session/app/utils/return-to'

describe('the way back after signing in', () => {
  it.each(['/', '/devices', '/devices?tab=1&x=%2F%2Fevil.example', '/a/b#c', '/?next=https://evil.example', '/@evil.example', '/%2f/evil.example', '/%5cevil.example'])('may be %s', (path) => {
    expect(safeReturnTo(path)).toBe(path)
  })

  it('is put into its shortest form', () => {
    expect(safeReturnTo('/a/../devices')).toBe('/devices')
  })

  it.each([
    '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', '/\\/evil.example', '//evil.example@localhost',
    '/..//evil.example', '/.//evil.example', '/a/..//evil.example', '/%2e%2e//evil.example',
    '/\t/evil.example', '/\n/evil.example', '/\r\n/evil.example', '\t//evil.example', '/devices\u0000', '/devices\u007F', '/devices\r\nset-cookie: a=b',
    'https://evil.example/', 'HTTPS:evil.example', 'https:/evil.example', 'javascript:alert(1)', 'data:text/html,x', 'https://localhost/devices',
    'devices', '', ' /devices', '?a', '#a',
  ])('is never %j (X2)', (text) => {
    expect(safeReturnTo(text)).toBe('/')
  })

  it.each([undefined, null, 7, ['/devices'], { toString: () => '/devices' }])('is never %o, which is no text', (value) => {
    expect(safeReturnTo(value, '/home')).toBe('/home')
  })

  it('never leads a browser off the page\'s origin, whatever the text', () => {
    const parts = ['/', '\\', '.', '..', '//', 'evil.example', ':', '@', '?', '#', '\t', '%2f', '%5c', '\n']
    const texts = parts.flatMap(a => parts.flatMap(b => parts.flatMap(c => parts.map(d => `/${a}${b}${c}${d}`))))
    const astray = texts.filter(text => new URL(safeReturnTo(text), 'https://app.example').origin !== 'https://app.example')
    expect(astray).toEqual([])
  })
})
