import { format } from 'node:util'
import { afterEach, beforeEach, expect } from 'vitest'

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const
type Method = typeof METHODS[number]

interface Line { method: Method, text: string }
interface Expectation { method: Method, pattern: RegExp, met: boolean }

// Vue says so once in every process, whatever the app does.
const NOISE = /^<Suspense> is an experimental feature/

let lines: Line[] = []
let expectations: Expectation[] = []

for (const method of METHODS) {
  console[method] = (...args: unknown[]) => {
    lines.push({ method, text: format(...args) })
  }
}

/**
 * Lets a test print: output of `method` that matches `pattern` passes, and the test fails if none comes.
 *
 * All other console output fails the test that is running when it comes (setup file of both Vitest projects).
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
