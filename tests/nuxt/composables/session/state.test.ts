import type { SessionView } from '#cloakroom'
import { describe, expect, it } from 'vitest'
import {
  initialState, isCreatedWithin, withEndByYou, withFailure, withSnapshot, withValue, withView, type CounterState,
} from '../../../../composables/session/state'
import { DAY, failureOf, HOUR, NOW, sessionOf, viewOf } from '../../support/views'

function held(changes: Partial<SessionView> = {}, fresh = false): CounterState {
  return withSnapshot(initialState(), { kind: 'held', id: 'value-1', view: viewOf(changes), fresh })
}

function gone(now: number): SessionView {
  return viewOf({ session: null, now })
}

describe('a page load', () => {
  it('holds what the server answered', () => {
    expect(held()).toMatchObject({ phase: 'held', value: 'value-1', fresh: false, trouble: null })
  })

  it('is a first visit if the session began during it', () => {
    expect(isCreatedWithin(viewOf({ now: NOW + 20 }), 20)).toBe(true)
    expect(isCreatedWithin(viewOf({ now: NOW + 21 }), 20)).toBe(false)
    expect(isCreatedWithin(gone(NOW), 20)).toBe(false)
  })

  it('leaves the session unknown when the store is down', () => {
    const state = withSnapshot(initialState(), { kind: 'failed', failure: failureOf('store_unavailable', 2) })

    expect(state).toMatchObject({ phase: 'unknown', trouble: { kind: 'store', retryAfterSeconds: 2 } })
  })

  it('leaves the session unknown on any other failure, too', () => {
    const state = withSnapshot(initialState(), { kind: 'failed', failure: failureOf('unexpected') })

    expect(state).toMatchObject({ phase: 'unknown', trouble: { kind: 'error' } })
  })
})

describe('a view without a session', () => {
  it('means that it was ended elsewhere, as long as a clock runs', () => {
    expect(withView(held(), gone(NOW + HOUR - 1))).toMatchObject({ phase: 'over', ending: 'elsewhere' })
  })

  it('means that the idle clock ran out, from then on', () => {
    expect(withView(held(), gone(NOW + HOUR))).toMatchObject({ phase: 'over', ending: 'idle', endedAt: NOW + HOUR })
  })

  it('means that the absolute clock ran out, if that was the first', () => {
    const state = held({ session: sessionOf({ idleExpiresAt: NOW + DAY }) })

    expect(withView(state, gone(NOW + DAY - 1)).ending).toBe('elsewhere')
    expect(withView(state, gone(NOW + DAY)).ending).toBe('absolute')
  })

  it('keeps the session as last seen, to be shown', () => {
    expect(withView(held(), gone(NOW)).last?.id).toBe('h1-public-name')
  })

  it('changes nothing about an end that is known already', () => {
    const ended = withEndByYou(held(), NOW + 5)

    expect(withView(ended, gone(NOW + DAY))).toMatchObject({ ending: 'you', endedAt: NOW + 5 })
  })
})

describe('the end by the visitor', () => {
  it('takes session and cookie out of the view without waiting for another', () => {
    const state = withEndByYou(held({}, true), NOW + 5)

    expect(state).toMatchObject({ phase: 'over', ending: 'you', fresh: false })
    expect(state.view).toMatchObject({ session: null, cookie: null })
  })

  it('gives way to a new session, which is fresh', () => {
    const view = viewOf({ session: sessionOf({ id: 'h2' }) })
    const state = withSnapshot(withEndByYou(held(), NOW), { kind: 'held', id: 'value-9', view, fresh: true })

    expect(state).toMatchObject({ phase: 'held', value: 'value-9', ending: null, endedAt: null, fresh: true })
  })
})

describe('an outage', () => {
  it.each(['held', 'over'] as const)('leaves a session that is %s as it was', (phase) => {
    const before = phase === 'held' ? held() : withEndByYou(held(), NOW)
    const after = withFailure(before, failureOf('store_unavailable', 2))

    expect(after).toEqual({ ...before, trouble: { kind: 'store', retryAfterSeconds: 2 } })
  })

  it('is over with the next answer', () => {
    const down = withFailure(held(), failureOf('unreachable'))

    expect(down.trouble?.kind).toBe('unreachable')
    expect(withView(down, viewOf()).trouble).toBeNull()
    expect(withValue(down, 'value-1').trouble).toBeNull()
  })

  it('is not what a refusal is', () => {
    const before = held()

    expect(withFailure(before, failureOf('conflict'))).toBe(before)
  })
})

it('a first visit stays one while the session is the same', () => {
  const first = held({}, true)

  expect(withView(first, viewOf({ now: NOW + 1 })).fresh).toBe(true)
  expect(withView(first, viewOf({ session: sessionOf({ id: 'h2' }) })).fresh).toBe(false)
})
