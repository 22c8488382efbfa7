import { expect, it } from 'vitest'
import { takeSnapshot } from '../../../../composables/session/snapshot'
import { fakeApi, fetchError, HOUR, NOW, viewOf } from '../../support/views'

it('asks for the value first, which may create what the view then shows', async () => {
  const asked: string[] = []
  await takeSnapshot(fakeApi({
    issue: async () => {
      asked.push('value')
      return { id: 'value-1' }
    },
    view: async () => {
      asked.push('view')
      return viewOf()
    },
  }))

  expect(asked).toEqual(['value', 'view'])
})

it('tells a session that it has just brought about from an older one', async () => {
  const older = viewOf({ now: NOW + HOUR })

  expect(await takeSnapshot(fakeApi())).toMatchObject({ kind: 'held', id: 'value-1', fresh: true })
  expect(await takeSnapshot(fakeApi({ view: async () => older }))).toMatchObject({ kind: 'held', fresh: false })
})

it('turns an outage into data, so that the page can still be rendered', async () => {
  const issue = () => Promise.reject(fetchError(503, 'store_unavailable', { 'retry-after': '2' }))

  const failure = { code: 'store_unavailable', retryAfterSeconds: 2 }
  expect(await takeSnapshot(fakeApi({ issue }))).toMatchObject({ kind: 'failed', failure })
})
