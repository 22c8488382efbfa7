import type { FuzzOptions } from './arguments'
import { Canaries } from './canaries'
import { createRequest } from './cases'
import { findViolations } from './checks'
import { isStoreOutage } from './checks/answers'
import type { SessionSecrets } from './checks/exchange'
import { isClearing, sessionCookieLines } from './checks/sessions'
import type { Connection } from './connection'
import { exchange } from './connection'
import type { LogSearch } from './log-search'
import type { Report } from './report'
import type { FuzzRequest, FuzzTarget } from './request'
import type { FuzzResponse } from './response'
import { countRows } from './row-count'
import type { TestSession } from './sessions'
import { readSession, secretsOf } from './sessions'

/** Each of them takes the whole deadline. */
const MAX_UNANSWERED = 5

/** What a run needs. */
export interface RunContext {
  readonly seed: number
  readonly connection: Connection
  readonly target: FuzzTarget
  readonly sessions: readonly TestSession[]
  readonly report: Report
  /** The file of the server's SQLite store, or `null`. */
  readonly storeFile: string | null
  readonly log: LogSearch | null
}

/** One run: it sends the requests one after the other, and then checks what they have left behind. */
export class Run {
  readonly #context: RunContext
  readonly #secrets: readonly SessionSecrets[]
  readonly #rowsBefore: number
  /** Sessions that the app itself has begun, for example because one of its pages always does. */
  #sessionsBegun = 0
  #unanswered = 0

  constructor(context: RunContext) {
    this.#context = context
    this.#secrets = secretsOf(context.sessions)
    this.#rowsBefore = context.storeFile === null ? 0 : countRows(context.storeFile)
  }

  /** Sends all requests, or one. Returns whether the store of the server stopped to respond, which ends the run. */
  async sendAll({ requests, only }: Pick<FuzzOptions, 'requests' | 'only'>): Promise<boolean> {
    const { seed, target, report } = this.#context
    const [first, end] = only === null ? [0, requests] : [only, only + 1]
    for (let index = first; index < end && this.#unanswered < MAX_UNANSWERED; index++) {
      if (isStoreOutage(await this.#send(createRequest(seed, index, target)))) return true
    }
    if (this.#unanswered === MAX_UNANSWERED) report.note(`Stopped after ${MAX_UNANSWERED} requests without a response.`)
    return false
  }

  /** Checks that the server still works, that the sessions are unchanged, and what its store and its log contain. */
  async checkEnd(): Promise<void> {
    await this.#checkServer()
    this.#checkRows()
    this.#checkLog()
  }

  async #send(request: FuzzRequest): Promise<FuzzResponse> {
    const { connection, target, report } = this.#context
    const response = await exchange(connection, request)
    report.count(request, response)
    if (response.outcome === 'timeout' || response.outcome === 'unreachable') this.#unanswered++
    if (sessionCookieLines(response, target).some(line => !isClearing(line, target))) this.#sessionsBegun++
    for (const violation of findViolations({ request, response, target, secrets: this.#secrets })) {
      report.add(violation, { request, target, response })
    }
    return response
  }

  async #checkServer() {
    const { connection, target, sessions, report } = this.#context
    try {
      await readSession(connection, target, '')
      for (const [number, { cookieName, cookie, id }] of sessions.entries()) {
        const { session } = await readSession(connection, target, `${cookieName}=${cookie}`)
        if (session?.id === id) continue
        report.add({ check: 'session-lost', message: `Session ${number + 1} has ended, or its cookie is not valid.` })
      }
    }
    catch (error) {
      report.add({ check: 'server-lost', message: `At the end of the run, ${(error as Error).message}` })
    }
  }

  #checkRows() {
    const { storeFile, report } = this.#context
    if (storeFile === null) return
    const created = countRows(storeFile) - this.#rowsBefore
    if (created <= this.#sessionsBegun) return
    const message = `The store has ${created} more rows, but ${this.#sessionsBegun} responses set a session cookie.`
    report.add({ check: 'row-created', message })
  }

  #checkLog() {
    const { seed, target, report, log } = this.#context
    for (const { index, ...violation } of log?.find(new Canaries(seed), target.cookies) ?? []) {
      const cause = index === null ? undefined : { request: createRequest(seed, index, target), target }
      report.add(violation, cause)
    }
  }
}
