import { expect, it } from 'vitest'
import {
  formatAgo, formatInstant, formatRemaining, isoDuration, spokenRemaining,
} from '../../../../utils/session-page/format'
import { DAY, HOUR, NOW } from '../../support/views'

const MINUTE = 60_000

it.each([
  [0, '0:00'],
  [-5, '0:00'],
  [1, '0:01'],
  [59_001, '1:00'],
  [59 * MINUTE + 42_000, '59:42'],
  [HOUR, '1:00:00'],
  [DAY, '24:00:00'],
  [2 * DAY - 1000, '47:59:59'],
  [29 * DAY + 23.5 * HOUR, '29 d 23 h'],
])('%d ms left reads %s', (ms, text) => {
  expect(formatRemaining(ms)).toBe(text)
})

it.each([
  [0, 'nothing'],
  [1000, '1 second'],
  [59 * MINUTE + 42_000, '59 minutes 42 seconds'],
  [HOUR, '1 hour'],
  [DAY - 1000, '23 hours 59 minutes'],
])('%d ms left is spoken as "%s"', (ms, text) => {
  expect(spokenRemaining(ms)).toBe(text)
})

it.each([
  [0, 'PT0S'],
  [59 * MINUTE + 42_000, 'PT59M42S'],
  [DAY + HOUR, 'P1DT1H0S'],
])('%d ms is the ISO duration %s', (ms, text) => {
  expect(isoDuration(ms)).toBe(text)
})

it.each([
  [-HOUR, 'just now'],
  [4999, 'just now'],
  [5000, '5 s ago'],
  [59_999, '59 s ago'],
  [MINUTE, '1 min ago'],
  [HOUR - 1, '59 min ago'],
  [HOUR, '1 h ago'],
  [DAY, '1 d ago'],
])('%d ms ago reads "%s"', (ms, text) => {
  expect(formatAgo(ms)).toBe(text)
})

it('writes an instant in UTC, whatever the zone of the machine', () => {
  expect(formatInstant(NOW)).toEqual({ date: '2026-11-23', time: '08:00:00', iso: '2026-11-23T08:00:00.000Z' })
})
