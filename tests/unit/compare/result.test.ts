import { describe, expect, it } from 'vitest'
import { toMarkdown } from '../../../layers/compare/utils/compare/export'
import type { Report } from '../../../layers/compare/utils/compare/export'
import { toResult } from '../../../layers/compare/utils/compare/result'
import type { MadeRequest, Outcome } from '../../../layers/compare/utils/compare/result'
import { summarize } from '../../../layers/compare/utils/compare/summary'
import { barsOf, ticksOf } from '../../../layers/compare/utils/compare/timeline'
import { explain, cookieText } from '../../../layers/compare/utils/compare/texts'
import type { SeenRequest, Step } from '../../../layers/compare/shared/compare/log'
import { SCENARIOS } from '../../../layers/compare/shared/compare/scenarios'
import type { Scenario } from '../../../layers/compare/shared/compare/scenarios'

const scenarioOf = (id: string) => SCENARIOS.find(scenario => scenario.id === id)!
const RIGHT = scenarioOf('cross-site-right')

const made = (step: MadeRequest['step'], status: number | null, startedAt = 1_000, durationMs = 10): MadeRequest => ({
  step,
  method: step === 'issue' ? 'GET' : 'POST',
  startedAt,
  durationMs,
  status,
  message: '',
  timing: null,
})

const saw = (step: Step, more: Partial<SeenRequest> = {}): SeenRequest => ({
  scenario: RIGHT.id,
  sample: 0,
  step,
  method: { preflight: 'OPTIONS', check: 'POST' }[step as string] ?? 'GET',
  at: 1_000,
  durationMs: 2,
  status: 200,
  origin: 'https://localhost:3000',
  secFetchSite: 'cross-site',
  contentType: null,
  cookieSent: false,
  cookieSet: null,
  cors: {},
  requestBytes: 100,
  responseBytes: 50,
  ...more,
})

const success = (ms: number, scenario: Scenario = RIGHT) =>
  toResult(
    scenario,
    [made('issue', 200, 0, 1), made('check', 200, ms - 1, 1)],
    [saw('issue', { scenario: scenario.id }), saw('check', { scenario: scenario.id })],
  )

describe('the outcome', () => {
  const issued = made('issue', 200)
  it.each<[Outcome, MadeRequest[], SeenRequest[]]>([
    ['works', [issued, made('check', 200)], [saw('issue'), saw('preflight'), saw('check')]],
    ['stranger', [issued, made('check', 401)], [saw('issue'), saw('check')]],
    ['refused', [issued, made('check', 422)], [saw('issue'), saw('check')]],
    ['refused', [made('issue', 500)], [saw('issue')]],
    ['withheld', [made('issue', null)], [saw('issue')]],
    ['withheld', [issued, made('check', null, 1_010)], [saw('issue'), saw('preflight', { at: 1_011 }), saw('check')]],
    ['not-sent', [issued, made('check', null, 1_010)], [saw('issue'), saw('preflight', { at: 1_011 })]],
    ['no-answer', [issued, made('check', null, 2_000)], [saw('issue'), saw('preflight', { at: 1_000 })]],
    ['no-answer', [made('issue', null)], []],
    ['no-answer', [], []],
  ])('is %s', (outcome, requests, log) => {
    expect(toResult(RIGHT, requests, log).outcome).toBe(outcome)
  })

  it('takes from the log what is of its scenario and sample', () => {
    const log = [saw('issue'), saw('issue', { sample: 1 }), saw('issue', { scenario: 'same-site-right' })]
    expect(toResult(RIGHT, [made('issue', null)], log, 1).seen).toEqual([log[1]])
  })
})

describe('the cookie\'s fate', () => {
  it('is told by the log: set by an answer, sent with the check, stored if the probe has it', () => {
    const log = [
      saw('issue', { cookieSet: 'Secure' }),
      saw('check', { cookieSent: true }),
      saw('probe', { cookieSent: true }),
    ]
    const { cookie, seen, bytes } = toResult(RIGHT, [made('issue', 200), made('check', 200)], log)
    expect(cookie).toEqual({ set: true, sent: true, stored: true })
    expect([seen.length, bytes]).toEqual([2, 300])
    expect(cookieText(cookie)).toBe('set · kept · sent')
  })

  it('is unknown where the run did not come that far', () => {
    const { cookie } = toResult(RIGHT, [made('issue', null)], [saw('issue', { cookieSet: 'Secure' })])
    expect(cookie).toEqual({ set: true, sent: null, stored: null })
    expect(cookieText(cookie)).toBe('set · kept: unknown · check not reached')
  })
})

describe('explain', () => {
  it.each(['works', 'stranger', 'withheld', 'not-sent', 'no-answer', 'refused'] as const)(
    'has one sentence each for %s in every scenario',
    (outcome) => {
      for (const scenario of SCENARIOS) {
        const { why, advice } = explain({ ...success(10, scenario), outcome })
        expect([why, advice]).toEqual([expect.stringMatching(/^[A-Z].+\.$/), expect.stringMatching(/^[A-Z].+[.)]$/)])
      }
    },
  )

  it('explains what happened and not what was to be expected', () => {
    const scenario = scenarioOf('cross-site-none')
    expect(explain({ ...success(10, scenario), outcome: 'works' }).why).toContain('allows third-party cookies')
    expect(explain({ ...success(10, scenario), outcome: 'stranger' }).why).toContain('blocks third-party cookies')
  })
})

describe('summarize', () => {
  const own = scenarioOf('same-origin-right')
  const SITE = scenarioOf('same-site-right')

  it('compares the run in the middle with the one of the page\'s own origin', () => {
    const rows = summarize({
      'same-origin': [success(10, own), success(90, own), success(20, own)],
      'same-site': [success(30, SITE)],
      'cross-site': [success(50)],
    })
    expect(rows.map(({ typical, timeRatio, requestRatio }) => [typical?.totalMs, timeRatio, requestRatio])).toEqual([
      [20, 1, 1],
      [30, 1.5, 1],
      [50, 2.5, 1],
    ])
  })

  it('compares nothing with what does not work', () => {
    const failed = toResult(RIGHT, [made('issue', null)], [])
    const rows = summarize({
      'same-origin': [success(10, own)],
      'same-site': [success(30, SITE)],
      'cross-site': [failed],
    })
    expect(rows[2]).toEqual({ target: 'cross-site', typical: null, timeRatio: null, requestRatio: null })
  })
})

describe('the time axis', () => {
  it('starts with the first request, and keeps what the server saw within what the page saw', () => {
    const result = toResult(
      RIGHT,
      [made('issue', 200, 1_000, 10), made('check', 401, 1_012, 8)],
      [saw('preflight', { at: 999, durationMs: 5 })],
    )
    expect(barsOf(result)).toEqual([
      { kind: 'request', label: 'GET', from: 0, to: 10 },
      { kind: 'failure', label: 'POST', from: 12, to: 20 },
      { kind: 'preflight', label: 'OPTIONS', from: 0, to: 4 },
    ])
  })

  it.each([
    [1, [0, 0.5, 1]],
    [9, [0, 5]],
    [20, [0, 5, 10, 15, 20]],
    [487, [0, 200, 400]],
  ])('marks an axis of %s ms at %j', (maxMs, ticks) => {
    expect(ticksOf(maxMs)).toEqual(ticks)
  })
})

describe('toMarkdown', () => {
  it('is a table of what happened, in which a bar of a value cannot end a cell', () => {
    const results = [success(10, { ...RIGHT, setting: 'a | b' })]
    const report: Report = {
      takenAt: '2026-01-01T00:00:00.000Z',
      browser: 'Browser',
      page: 'https://localhost:3000',
      delayMs: 50,
      results,
      origins: { 'same-origin': '', 'same-site': '', 'cross-site': '' },
      summary: summarize({ 'same-origin': [success(10)], 'same-site': [], 'cross-site': results }),
    }
    const text = toMarkdown(report)
    expect(text).toContain('| Other port, same site | – | – | does not work | – | – |')
    expect(text).toContain('| Other site | Everything right | `a \\| b` | Works | GET, POST | not set | 10 ms |')
    expect(text).toContain('with 50 ms added')
  })
})
