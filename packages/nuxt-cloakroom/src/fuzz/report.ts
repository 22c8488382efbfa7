import type { Violation } from './checks'
import { KINDS } from './cases'
import type { FuzzRequest, FuzzTarget } from './request'
import { describeRequest } from './request'
import type { FuzzResponse } from './response'

const MAX_SHOWN = 3

type Print = (line: string) => void

/** Prints findings as they come, and counts. */
export class Report {
  readonly #print: Print
  readonly #seed: number
  readonly #outcomes = new Map<string, Map<string, number>>()
  readonly #shown = new Map<string, number>()
  #requests = 0
  #findings = 0

  constructor(print: Print, seed: number) {
    this.#print = print
    this.#seed = seed
  }

  get findings(): number {
    return this.#findings
  }

  /** Prints what is neither a finding nor a count. */
  note(line: string): void {
    this.#print(`\n${line}`)
  }

  /** Counts a request and what became of it. */
  count({ kind }: Pick<FuzzRequest, 'kind'>, { status, outcome }: Pick<FuzzResponse, 'status' | 'outcome'>): void {
    this.#requests++
    const outcomes = this.#outcomes.get(kind) ?? new Map<string, number>()
    const name = String(status ?? outcome)
    this.#outcomes.set(kind, outcomes.set(name, (outcomes.get(name) ?? 0) + 1))
  }

  /** Prints a violation, and the request that caused it if there is one. Of similar ones it prints the first three. */
  add(violation: Violation, cause?: { request: FuzzRequest, target: FuzzTarget, response?: FuzzResponse }): void {
    this.#findings++
    const group = `${violation.check} ${cause?.request.kind}`
    const shown = (this.#shown.get(group) ?? 0) + 1
    this.#shown.set(group, shown)
    if (shown > MAX_SHOWN) return
    this.#print(`\nFINDING ${violation.check}: ${violation.message}`)
    if (!cause) return
    const { request, response, target } = cause
    if (response) this.#print(`Response: ${response.status ?? response.outcome}`)
    this.#print(`Repeat it with: --seed ${this.#seed} --only ${request.index}`)
    this.#print(`Request ${request.index} (${request.kind}):`)
    this.#print(describeRequest(request, target).replaceAll(/^/gm, '  '))
  }

  /** Prints one line for each kind of request, and the totals. */
  finish(): void {
    this.#print('')
    for (const kind of KINDS) {
      const outcomes = [...this.#outcomes.get(kind) ?? []].sort(([a], [b]) => a < b ? -1 : 1)
      const total = outcomes.reduce((sum, [, count]) => sum + count, 0)
      if (total === 0) continue
      const parts = outcomes.map(([name, count]) => `${count} × ${name}`)
      this.#print(`${kind.padEnd(9)} ${String(total).padStart(6)} requests: ${parts.join(', ')}`)
    }
    for (const [group, count] of this.#shown) {
      if (count > MAX_SHOWN) this.#print(`${count - MAX_SHOWN} more findings like this are not shown: ${group}`)
    }
    if (this.#findings > 0) this.#print(`Seed ${this.#seed}`)
    this.#print(`${this.#requests} requests, ${this.#findings} findings`)
  }
}
