import { format } from 'node:util'
import { afterEach, beforeEach, expect } from 'vitest'

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const
type Method = typeof METHODS[number]

interface Line { method: Method, text: string }
interface Expectation { method: Method, pattern: RegExp, met: boolean }

// Vue logs this once in every process, for every app.
const NOISE = /^<Suspense> is an experimental feature/

let lines: Line[] = []
let expectations: Expectation[] = []

for (const method of METHODS) {
  console[method] = (...args: unknown[]) => {
    lines.push({ method, text: format(...args) })
  }
}

/**
 * Expects output of `method` that matches `pattern`: it is accepted, and the test fails without it.
 *
 * All other console output fails the test that is running at that time (setup file of both Vitest projects).
 */
export function expectConsole(method: Method, pattern: RegExp): void {
  expectations.push({ method, pattern, met: false })
}

beforeEach(() => {
  expectations = []
})

afterEach(() => {
  const unexpected = lines.filter(line => !NOISE.test(line.text) && !claim(line))
  lines = []
  expect(unexpected, 'console output that the test did not expect').toEqual([])
  expect(expectations.filter(({ met }) => !met), 'console output that did not come').toEqual([])
})

function claim({ method, text }: Line): boolean {
  const found = expectations.filter(expectation => expectation.method === method && expectation.pattern.test(text))
  for (const expectation of found) expectation.met = true
  return found.length > 0
}
