import { describe, expect, it } from 'vitest'
import { endingClock, readClocks } from '../../../../utils/session-page/clocks'
import { DAY, HOUR, NOW, sessionOf } from '../../support/views'

it.each([
  ['idle', DAY - 1],
  ['absolute', DAY],
] as const)('the %s clock ends a session that idles out %d ms after its start', (name, idleTimeout) => {
  expect(endingClock(sessionOf({ idleExpiresAt: NOW + idleTimeout }))).toBe(name)
})

describe('reading the clocks', () => {
  it('gives what is left of each, and never less than nothing', () => {
    const { idle, absolute } = readClocks(sessionOf(), NOW + HOUR + 1)

    expect(idle).toMatchObject({ remaining: 0, fraction: 0, urgent: true })
    expect(absolute).toMatchObject({ remaining: 23 * HOUR - 1, urgent: false })
  })

  it('measures the idle clock from the last use and the absolute one from the start', () => {
    const session = sessionOf({ lastSeenAt: NOW + HOUR, idleExpiresAt: NOW + 2 * HOUR })
    const { idle, absolute } = readClocks(session, NOW + 1.5 * HOUR)

    expect(idle.fraction).toBe(0.5)
    expect(absolute.fraction).toBeCloseTo(22.5 / 24)
  })

  it('is urgent in the last minute', () => {
    expect(readClocks(sessionOf(), NOW + HOUR - 60_000).idle.urgent).toBe(false)
    expect(readClocks(sessionOf(), NOW + HOUR - 59_999).idle.urgent).toBe(true)
  })
})
