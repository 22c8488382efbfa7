import type { SessionEvent } from './events'

/** How long the lines of one kind are counted before more of them are written. */
const WINDOW_MS = 1000
/** Of events without a session id, which any client can cause. */
const MAX_WITHOUT_ID = 1
/** Of events with a session id: more than a busy server has, and still not a flood. */
const MAX_WITH_ID = 20

/** What a line contains besides its time: fixed words and public session ids, nothing that a client has written. */
interface Entry {
  readonly event: string
  readonly reason?: string
  readonly operation?: string
  readonly id?: string | undefined
}

interface Kind {
  readonly entry: Entry
  written: number
  suppressed: number
}

/**
 * The audit trail: one line of JSON per event (ASVS 16.2, 16.3). It is safe to read, because no field comes from a
 * client (ASVS 16.4.1).
 *
 * Only so many lines of each kind are written in a second; the rest is counted, and one line contains the count. So a
 * flood does not fill the disk and is still visible. The creation of an anonymous session is not written: any visitor
 * can cause it, and nothing is at stake yet.
 */
export class AuditTrail {
  readonly #write: (line: string) => void
  readonly #kinds = new Map<string, Kind>()
  #window: NodeJS.Timeout | undefined

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  record(event: SessionEvent): void {
    const entry = toEntry(event)
    if (!entry) return
    const kind = this.#kindOf(entry)
    if (kind.written >= (entry.id === undefined ? MAX_WITHOUT_ID : MAX_WITH_ID)) {
      kind.suppressed++
      return
    }
    kind.written++
    this.#writeEntry(entry)
    this.#openWindow()
  }

  /** Writes the pending counts. */
  close(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    for (const kind of this.#kinds.values()) this.#writeCount(kind)
    this.#kinds.clear()
  }

  #kindOf(entry: Entry): Kind {
    const name = [entry.event, entry.reason, entry.operation].join(' ')
    const kind = this.#kinds.get(name) ?? { entry: { ...entry, id: undefined }, written: 0, suppressed: 0 }
    this.#kinds.set(name, kind)
    return kind
  }

  #openWindow() {
    this.#window ??= setTimeout(() => this.#closeWindow(), WINDOW_MS).unref()
  }

  /** The line with a count is the first one of the next window. */
  #closeWindow() {
    this.#window = undefined
    for (const [name, kind] of this.#kinds) {
      if (kind.suppressed === 0) this.#kinds.delete(name)
      else this.#openWindow()
      kind.written = kind.suppressed === 0 ? 0 : 1
      this.#writeCount(kind)
    }
  }

  #writeCount(kind: Kind) {
    if (kind.suppressed > 0) this.#writeEntry({ ...kind.entry, count: kind.suppressed })
    kind.suppressed = 0
  }

  #writeEntry(entry: Entry & { count?: number }) {
    this.#write(JSON.stringify({ time: new Date().toISOString(), log: 'session', ...entry }))
  }
}

function toEntry(event: SessionEvent): Entry | null {
  switch (event.type) {
    case 'created': return null
    case 'sessions_changed': return null
    case 'ended': return { event: 'ended', reason: event.reason, id: event.id }
    case 'refused': return { event: 'refused', reason: event.reason }
    case 'store_failure': return { event: 'store_failure', operation: event.operation }
    case 'sign_in_failed': return { event: 'sign_in_failed' }
    default: return { event: event.type, id: event.id }
  }
}
