import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startSweeping } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/sweep-timer'
import { createTestEngine, load } from '../../support/engine'

const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('startSweeping drops the cached record of a session within two minutes of its last use, until stopped', async () => {
  const { engine, browser } = createTestEngine()
  const ada = browser()
  await (await ada.visit()).session.signIn('ada')
  const record = async () => (await load(engine, ada.header))!.session.record
  const stop = startSweeping(engine)
  const first = await record()
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(await record()).toBe(first)
  await vi.advanceTimersByTimeAsync(2 * MINUTE)
  const second = await record()
  expect(second).not.toBe(first)
  stop()
  await vi.advanceTimersByTimeAsync(5 * MINUTE)
  expect(await record()).toBe(second)
})
