import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionEvent } from '../../../layers/session/server/engine/events'
import { AuditTrail } from '../../../layers/session/server/internal/audit'

const HANDLE = 'pqvkg8cGcAy2w4Bi'
const FORGED: SessionEvent = { type: 'refused', reason: 'forged' }

let lines: string[]
let trail: AuditTrail

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  lines = []
  trail = new AuditTrail(line => void lines.push(line))
})

afterEach(() => void vi.useRealTimers())

const note = (event: SessionEvent, times = 1) => Array.from({ length: times }, () => trail.note(event))
const entries = () => lines.map(line => JSON.parse(line) as Record<string, unknown>)

describe('the audit trail', () => {
  it.each<[SessionEvent, Record<string, unknown>]>([
    [{ type: 'signed_in', handle: HANDLE }, { event: 'signed_in', handle: HANDLE }],
    [{ type: 'rotated', handle: HANDLE }, { event: 'rotated', handle: HANDLE }],
    [{ type: 'ended', reason: 'signed_out', handle: HANDLE }, { event: 'ended', reason: 'signed_out', handle: HANDLE }],
    [{ type: 'ended', reason: 'revoked', handle: HANDLE }, { event: 'ended', reason: 'revoked', handle: HANDLE }],
    [{ type: 'secret_reuse', handle: HANDLE }, { event: 'secret_reuse', handle: HANDLE }],
    [{ type: 'late_save_dropped', handle: HANDLE }, { event: 'late_save_dropped', handle: HANDLE }],
    [{ type: 'corrupt_record', handle: HANDLE }, { event: 'corrupt_record', handle: HANDLE }],
    [FORGED, { event: 'refused', reason: 'forged' }],
    [{ type: 'refused', reason: 'cross_origin' }, { event: 'refused', reason: 'cross_origin' }],
    [{ type: 'sign_in_failed' }, { event: 'sign_in_failed' }],
    [{ type: 'store_failure', operation: 'read', error: new Error('redis://user:password@host') }, { event: 'store_failure', operation: 'read' }],
  ])('has one line for $type, with its time in UTC', (event, fields) => {
    note(event)
    expect(entries()).toEqual([{ time: '2026-01-01T00:00:00.000Z', log: 'session', ...fields }])
  })

  it('has none for an anonymous session\'s beginning', () => {
    note({ type: 'created', handle: HANDLE })
    expect(lines).toEqual([])
  })

  it('writes nothing but what it knows of an event, and no line break', () => {
    const hostile = 'x\n{"event":"signed_in"}\r\u001B[2J'
    note({ type: 'signed_in', handle: hostile, cookie: 'secret' } as SessionEvent)
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\p{Cc}]|secret/u)
    expect(entries()).toEqual([{ time: expect.anything(), log: 'session', event: 'signed_in', handle: hostile }])
  })
})

describe('a flood', () => {
  it('is one line a second for each kind, with a count', () => {
    note(FORGED, 1000)
    note({ type: 'refused', reason: 'cross_origin' })
    expect(entries()).toMatchObject([{ reason: 'forged' }, { reason: 'cross_origin' }])
    vi.advanceTimersByTime(999)
    expect(lines).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(entries().slice(2)).toMatchObject([{ reason: 'forged', count: 999 }])
  })

  it('that goes on for a minute is 61 lines, and loses no count', () => {
    for (let second = 0; second < 60; second++) {
      note(FORGED, 500)
      vi.advanceTimersByTime(1000)
    }
    expect(lines).toHaveLength(61)
    expect(entries().reduce((sum, { count = 1 }) => sum + Number(count), 0)).toBe(30_000)
  })

  it('of events that name a session is 20 lines a second, and the handles of the rest are not told', () => {
    note({ type: 'secret_reuse', handle: HANDLE }, 50)
    vi.advanceTimersByTime(1000)
    expect(lines).toHaveLength(21)
    expect(entries().at(-1)).toEqual({ time: '2026-01-01T00:00:01.000Z', log: 'session', event: 'secret_reuse', count: 30 })
  })

  it('is forgotten when it is over: the next event has a line of its own at once', () => {
    note(FORGED, 2)
    vi.advanceTimersByTime(2000)
    note(FORGED)
    expect(entries()).toMatchObject([{}, { count: 1 }, { reason: 'forged' }])
    expect(lines).toHaveLength(3)
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is told to its end when the server stops', () => {
    note(FORGED, 8)
    trail.close()
    expect(entries()).toMatchObject([{ reason: 'forged' }, { reason: 'forged', count: 7 }])
    expect(vi.getTimerCount()).toBe(0)
  })
})
