import { readFileSync, statSync } from 'node:fs'
import type { Canaries } from './canaries'
import type { Violation } from './checks'

/** A value that a log must not contain was found, with the number of the request that carried it. */
export interface LogFinding extends Violation {
  readonly index: number | null
}

const STACK_LINE = /^\s+at .*\S/gm
const SHOWN_LINES = 3

/** What a server has logged since this object was created. */
export class LogSearch {
  readonly #file: string
  readonly #start: number

  /** @throws Error if the file does not exist */
  constructor(file: string) {
    this.#file = file
    this.#start = statSync(file).size
  }

  /** Returns which canaries and session cookies the log contains, and whether it has stack traces. */
  find(canaries: Canaries, cookies: readonly string[]): LogFinding[] {
    const text = readFileSync(this.#file).subarray(this.#start).toString('utf8')
    const planted = canaries.findIn(text).map(({ index, place }): LogFinding => (
      { check: 'logged', message: `The log contains a value from the ${place} of a request.`, index }))
    const logged = cookies.filter(cookie => text.includes(cookie)).map((): LogFinding => (
      { check: 'logged', message: 'The log contains a valid session cookie.', index: null }))
    return [...planted, ...logged, ...findStackTraces(text)]
  }
}

function findStackTraces(text: string): LogFinding[] {
  const lines = text.match(STACK_LINE) ?? []
  if (lines.length === 0) return []
  const different = [...new Set(lines.map(line => line.trim()))].slice(0, SHOWN_LINES)
  const message = `The log contains ${lines.length} lines of stack traces: ${different.join(' | ')}`
  return [{ check: 'stack-trace', message, index: null }]
}
