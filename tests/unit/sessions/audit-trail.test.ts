import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AuditTrail } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/audit-trail'
import type { SessionEvent } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/events'

const id = 'pqvkg8cGcAy2w4Bi'
const responseSent = Promise.resolve()
const FORGED: SessionEvent = { type: 'refused', reason: 'forged' }
const STORE_FAILURE: SessionEvent = {
  type: 'store_failure',
  operation: 'read',
  error: new Error('redis://user:password@host'),
}

let lines: string[]
let trail: AuditTrail

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  lines = []
  trail = new AuditTrail(line => lines.push(line))
})

afterEach(() => {
  vi.useRealTimers()
})

function record(event: SessionEvent, times = 1) {
  for (let time = 0; time < times; time++) trail.record(event)
}

const entries = () => lines.map(line => JSON.parse(line) as Record<string, unknown>)

describe('AuditTrail', () => {
  it.each<[SessionEvent, Record<string, unknown>]>([
    [{ type: 'signed_in', id, responseSent }, { event: 'signed_in', id }],
    [{ type: 'rotated', id }, { event: 'rotated', id }],
    [{ type: 'ended', reason: 'signed_out', id }, { event: 'ended', reason: 'signed_out', id }],
    [{ type: 'ended', reason: 'revoked', id }, { event: 'ended', reason: 'revoked', id }],
    [{ type: 'secret_reuse', id }, { event: 'secret_reuse', id }],
    [{ type: 'late_save_dropped', id }, { event: 'late_save_dropped', id }],
    [{ type: 'corrupt_record', id }, { event: 'corrupt_record', id }],
    [FORGED, { event: 'refused', reason: 'forged' }],
    [{ type: 'refused', reason: 'cross_origin' }, { event: 'refused', reason: 'cross_origin' }],
    [{ type: 'sign_in_failed' }, { event: 'sign_in_failed' }],
    [STORE_FAILURE, { event: 'store_failure', operation: 'read' }],
  ])('writes one line for $type, with the time in UTC', (event, fields) => {
    record(event)
    expect(entries()).toEqual([{ time: '2026-01-01T00:00:00.000Z', log: 'session', ...fields }])
  })

  it.each<SessionEvent>([
    { type: 'created', id },
    { type: 'sessions_changed', userId: 'ada' },
  ])('writes nothing for $type', (event) => {
    record(event)
    expect(lines).toEqual([])
  })

  it('writes only the fields that it knows, without control characters', () => {
    const hostile = 'x\n{"event":"signed_in"}\r\u001B[2J'
    record({ type: 'signed_in', id: hostile, responseSent, cookie: 'secret' } as SessionEvent)
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\p{Cc}]|secret/u)
    expect(entries()).toEqual([{ time: expect.anything(), log: 'session', event: 'signed_in', id: hostile }])
  })
})

describe('AuditTrail during a flood of events', () => {
  it('writes one line per second for each kind of event, with a count', () => {
    record(FORGED, 1000)
    record({ type: 'refused', reason: 'cross_origin' })
    expect(entries()).toMatchObject([{ reason: 'forged' }, { reason: 'cross_origin' }])
    vi.advanceTimersByTime(999)
    expect(lines).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(entries().slice(2)).toMatchObject([{ reason: 'forged', count: 999 }])
  })

  it('writes 61 lines for a flood of one minute, whose counts add up to all events', () => {
    for (let second = 0; second < 60; second++) {
      record(FORGED, 500)
      vi.advanceTimersByTime(1000)
    }
    expect(lines).toHaveLength(61)
    expect(entries().reduce((sum, { count = 1 }) => sum + Number(count), 0)).toBe(30_000)
  })

  it('writes 20 lines per second for events with a session id, and counts the rest without an id', () => {
    record({ type: 'secret_reuse', id }, 50)
    vi.advanceTimersByTime(1000)
    expect(lines).toHaveLength(21)
    expect(entries().at(-1)).toEqual({
      time: '2026-01-01T00:00:01.000Z', log: 'session', event: 'secret_reuse', count: 30,
    })
  })

  it('writes the next event immediately after the flood is over, and then stops its timer', () => {
    record(FORGED, 2)
    vi.advanceTimersByTime(2000)
    record(FORGED)
    expect(entries()).toMatchObject([{}, { count: 1 }, { reason: 'forged' }])
    expect(lines).toHaveLength(3)
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('writes the pending counts when it is closed', () => {
    record(FORGED, 8)
    trail.close()
    expect(entries()).toMatchObject([{ reason: 'forged' }, { reason: 'forged', count: 7 }])
    expect(vi.getTimerCount()).toBe(0)
  })
})
