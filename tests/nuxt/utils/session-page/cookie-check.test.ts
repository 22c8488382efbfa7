import { expect, it } from 'vitest'
import { meaningOf, scriptView } from '../../../../utils/session-page/cookie-check'

it.each([
  ['', false],
  ['theme=dark; lang=en', false],
  ['__Host-session=abc', true],
  ['theme=dark; __Host-session=abc', true],
  ['__host-session=abc', false],
  ['x__Host-session=abc', false],
  ['theme=__Host-session', false],
])('document.cookie "%s" lets a script read the session cookie: %s', (raw, readable) => {
  expect(scriptView(raw, '__Host-session')).toEqual({ raw, readable })
})

it('knows what SameSite means by its value, and other attributes by their name', () => {
  expect(meaningOf('SameSite=Lax')).toBe('stays home on cross-site posts')
  expect(meaningOf('SameSite=None')).toBe('goes along on cross-site calls')
  expect(meaningOf('Max-Age=60')).toBe('seconds the browser keeps it')
  expect(meaningOf('Priority=High')).toBe('')
})
