import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FailureLog } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/failure-log'

describe('FailureLog', () => {
  let lines: unknown[][]
  let log: FailureLog

  beforeEach(() => {
    vi.useFakeTimers()
    lines = []
    log = new FailureLog((...line) => lines.push(line))
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  const fail = (operation: string, error: Error, times = 1) => {
    for (let count = 0; count < times; count++) log.record({ operation, error })
  }

  it('writes the first failure of each operation with its error, and the others as one number a second', () => {
    const [reset, full] = [new Error('connection reset'), new Error('disk full')]
    fail('read', reset, 1000)
    fail('create', full, 2)
    expect(lines).toEqual([
      ['[cloakroom] The store failed to read:', reset],
      ['[cloakroom] The store failed to create:', full],
    ])
    vi.advanceTimersByTime(1000)
    expect(lines.slice(2)).toEqual([
      ['[cloakroom] The store failed to read 999 more times, most recently: connection reset'],
      ['[cloakroom] The store failed to create 1 more times, most recently: disk full'],
    ])
  })

  it('writes a failure with its error again after a second without one', () => {
    fail('read', new Error('first'), 2)
    vi.advanceTimersByTime(2000)
    fail('read', new Error('second'))
    expect(lines.map(([line]) => line)).toEqual([
      '[cloakroom] The store failed to read:',
      '[cloakroom] The store failed to read 1 more times, most recently: first',
      '[cloakroom] The store failed to read:',
    ])
  })

  it('writes the message of a new error although the operation has failed before', () => {
    fail('read', new Error('first'))
    fail('read', new Error('second'))
    vi.advanceTimersByTime(1000)
    expect(lines.at(-1)![0]).toMatch(/most recently: second$/)
  })

  it('has no timer when nothing has failed for a second, and writes pending numbers when it closes', () => {
    fail('read', new Error('once'))
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
    fail('read', new Error('twice'), 2)
    log.close()
    expect([lines.length, vi.getTimerCount()]).toEqual([3, 0])
  })
})
