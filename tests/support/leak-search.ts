import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Tally } from './run-step.ts'
import { noTests } from './run-step.ts'

/*
 * User data never reaches a log. While all tests run, each line that a server prints is kept, and so are the cookies
 * and the texts that tests send. At the end none of these may be in those lines.
 */

/** The variable with the folder for both; it is set for a run of all tests. */
export const LEAK_FOLDER = 'CLOAKROOM_TEST_LEAK_FOLDER'
const TITLE = 'no server has printed a cookie or a text that a test has sent'
/** Shorter texts could be in a log by chance. Of longer ones, the beginning is searched. */
const MIN_LENGTH = 16
const MAX_LENGTH = 300
/** Far fewer are sent or printed only if this search is broken. */
const MIN_SENT = 100
const MIN_LINES = 100

const known = new Set<string>()

/** Begins a new search, for this process and those that it starts. */
export function beginLeakSearch(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.env[LEAK_FOLDER] = folder
}

/** Keeps a line that a server has printed. */
export function keepLine(line: string): void {
  append('printed', line)
}

/** Keeps the value of a session cookie from a `Set-Cookie` line, if it has one. */
export function keepCookie(setCookie: string): void {
  keepText(/^__Host-[^=]+=([^;]+)/.exec(setCookie)?.[1])
}

/** Keeps all texts of a body. */
export function keepTexts(body: unknown): void {
  if (typeof body === 'string') keepText(body)
  else if (typeof body === 'object' && body !== null) for (const value of Object.values(body)) keepTexts(value)
}

function keepText(text: string | undefined) {
  const start = text?.slice(0, MAX_LENGTH)
  if (start === undefined || start.length < MIN_LENGTH || known.has(start)) return
  known.add(start)
  append('sent', start)
}

/** As JSON, because a text may have several lines. */
function append(file: 'printed' | 'sent', text: string) {
  const folder = process.env[LEAK_FOLDER]
  if (folder) appendFileSync(join(folder, file), `${JSON.stringify(text)}\n`)
}

/** A text as it is, as JSON has it, and as a console prints it within an object. */
function formsOf(text: string): string[] {
  return [text, JSON.stringify(text).slice(1, -1), inspect(text, { breakLength: Infinity }).slice(1, -1)]
}

/** Searches what the tests have printed, as one more test. */
export function searchForLeaks(folder: string): Tally {
  const [printed, sent] = [textsIn(join(folder, 'printed')), new Set(textsIn(join(folder, 'sent')))]
  const output = printed.join('\n')
  const leaks = [...sent].filter(text => formsOf(text).some(form => output.includes(form)))
  const reasons = [
    ...leaks.map(text => `was printed: ${text}`),
    ...(sent.size < MIN_SENT ? [`only ${sent.size} texts were sent`] : []),
    ...(printed.length < MIN_LINES ? [`only ${printed.length} lines were printed`] : []),
  ]
  const failures = reasons.map(reason => ({ name: TITLE, reason }))
  return { ...noTests(), passed: failures.length === 0 ? 1 : 0, failed: failures.length === 0 ? 0 : 1, failures }
}

function textsIn(file: string): string[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as string)
}
