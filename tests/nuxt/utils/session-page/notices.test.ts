import { expect, it } from 'vitest'
import { outageNotice, refusalNotice } from '../../../../utils/session-page/notices'

it('an outage names the step that got no result', () => {
  expect(outageNotice('offline', 'renew').detail).toContain('“New value” got no result.')
  expect(outageNotice('offline', null).detail).not.toContain('got no result')
})

it.each([
  ['cross_origin_refused', 'The call did not come from this site'],
  ['too_large', 'larger than the server accepts'],
  ['conflict', 'Try once more'],
] as const)('a refusal because of %s says so', (code, text) => {
  const notice = refusalNotice({ code, message: '' })
  expect(notice).toMatchObject({ tone: 'error', title: 'The server refused.' })
  expect(notice.detail).toContain(text)
})

it('another refusal has the sentence of the server, if there is one', () => {
  expect(refusalNotice({ code: 'unexpected', message: 'No.' }).detail).toBe('No.')
  expect(refusalNotice({ code: 'unexpected', message: '' }).detail).toBe('It gave no reason.')
})
