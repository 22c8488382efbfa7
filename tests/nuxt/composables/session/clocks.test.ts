import { describe, expect, it } from 'vitest'
import { endingClock, endOf, isOver, readClocks } from '../../../../composables/session/clocks'
import { DAY, HOUR, NOW, sessionOf } from '../../support/views'

describe('the end of a session', () => {
  it('is that of the clock that runs out first', () => {
    expect(endOf(sessionOf())).toBe(NOW + HOUR)
    expect(endOf(sessionOf({ expiresAt: NOW + 10 }))).toBe(NOW + 10)
  })

  it('has not come a millisecond before, and has come on time', () => {
    expect(isOver(sessionOf(), NOW + HOUR - 1)).toBe(false)
    expect(isOver(sessionOf(), NOW + HOUR)).toBe(true)
    expect(isOver(sessionOf({ expiresAt: NOW + 5 }), NOW + 4)).toBe(false)
    expect(isOver(sessionOf({ expiresAt: NOW + 5 }), NOW + 5)).toBe(true)
  })

  it('is put down to the absolute clock when the idle one was capped by it', () => {
    expect(endingClock(sessionOf({ idleExpiresAt: NOW + DAY - 1 }))).toBe('idle')
    expect(endingClock(sessionOf({ idleExpiresAt: NOW + DAY }))).toBe('absolute')
  })
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
