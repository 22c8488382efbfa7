import { registerEndpoint } from '@nuxt/test-utils/runtime'
import type { UserSessionComposable } from '#cloakroom'
import { expect, it, vi } from 'vitest'
import { useNuxtApp, useUserSession } from '#imports'
import { openOtherTab } from '../support/other-tab'
import { viewOf } from '../support/views'
import { eventually } from '../../support/eventually'

registerEndpoint('/api/_session', () => viewOf())

/** The first call in this file: it starts the synchronization by a timer. */
function callWithoutStart() {
  const timer = vi.spyOn(globalThis, 'setTimeout').mockReturnValueOnce(0 as never)
  const session = useNuxtApp().runWithContext(() => useUserSession()) as UserSessionComposable
  const [start] = timer.mock.calls[0]!
  timer.mockRestore()
  return { session, start }
}

it('sends what happened before the page was in sync', async () => {
  const messages: { type: string }[] = []
  const otherTab = openOtherTab()
  otherTab.onmessage = ({ data }: MessageEvent<{ type: string }>) => messages.push(data)
  const { session, start } = callWithoutStart()
  await session.fetch()
  start()
  await eventually(() => expect(messages).toContainEqual({ type: 'changed', userId: null }))
  otherTab.close()

  expect(messages.map(({ type }) => type)).toEqual(['opened', 'changed'])
})
