import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startHousekeeping } from '../../../layers/session/server/internal/housekeeping'
import { makeBench } from '../../support/engine'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

it('keeps what a session holds in memory for no more than two minutes after its last use, until it is stopped', async () => {
  const { engine, browser } = makeBench()
  const ada = browser()
  await (await ada.visit()).session.signIn('ada')
  const parsed = async () => (await engine.load(ada.header))!.live.record
  const stop = startHousekeeping(engine)
  const first = await parsed()
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(await parsed()).toBe(first)
  await vi.advanceTimersByTimeAsync(2 * MINUTE)
  const second = await parsed()
  expect(second).not.toBe(first)
  stop()
  await vi.advanceTimersByTimeAsync(5 * MINUTE)
  expect(await parsed()).toBe(second)
})
