import type { SessionEvent } from '../engine/events'

/** How long lines of one kind are counted before there is room for more of them. */
const WINDOW_MS = 1000
/** Of events that anybody can cause at will, and that name no session. */
const MOST_WITHOUT_HANDLE = 1
/** Of events that name a session: more than a busy server has of them, and still no flood. */
const MOST_WITH_HANDLE = 20

/** What a line says beside its time: words of the layer's own and handles, nothing that a client has written. */
interface Entry {
  readonly event: string
  readonly reason?: string
  readonly operation?: string
  readonly handle?: string
}

interface Kind {
  readonly entry: Entry
  written: number
  counted: number
}

/**
 * The audit trail: one line of JSON for each event (ASVS 16.2, 16.3). It can be read as it is, since no field of it comes from a client (ASVS 16.4.1).
 *
 * Of each kind only so many lines are written in a second; the rest is counted, and one line says how many they were. So a flood fills no disk, and hides in no silence.
 * An anonymous session's beginning is no line: any visitor can cause it, and nothing is at stake yet.
 */
export class AuditTrail {
  readonly #kinds = new Map<string, Kind>()
  #window: NodeJS.Timeout | undefined

  constructor(private readonly write: (line: string) => void) {}

  note(event: SessionEvent): void {
    const entry = entryOf(event)
    if (!entry) return
    const kind = this.#kindOf(entry)
    if (kind.written >= (entry.handle === undefined ? MOST_WITHOUT_HANDLE : MOST_WITH_HANDLE)) {
      kind.counted++
      return
    }
    kind.written++
    this.#writeEntry(entry)
    this.#openWindow()
  }

  /** Writes what has been counted and not yet told. */
  close(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    for (const kind of this.#kinds.values()) this.#tell(kind)
    this.#kinds.clear()
  }

  #kindOf(entry: Entry): Kind {
    const name = [entry.event, entry.reason, entry.operation].join(' ')
    const kind = this.#kinds.get(name) ?? { entry: { ...entry, handle: undefined }, written: 0, counted: 0 }
    this.#kinds.set(name, kind)
    return kind
  }

  #openWindow() {
    this.#window ??= setTimeout(() => this.#closeWindow(), WINDOW_MS).unref()
  }

  /** The line that tells a count takes the first place in the next window. */
  #closeWindow() {
    this.#window = undefined
    for (const [name, kind] of this.#kinds) {
      if (kind.counted === 0) this.#kinds.delete(name)
      else this.#openWindow()
      kind.written = kind.counted === 0 ? 0 : 1
      this.#tell(kind)
    }
  }

  #tell(kind: Kind) {
    if (kind.counted > 0) this.#writeEntry({ ...kind.entry, count: kind.counted })
    kind.counted = 0
  }

  #writeEntry(entry: Entry & { count?: number }) {
    this.write(JSON.stringify({ time: new Date().toISOString(), log: 'session', ...entry }))
  }
}

function entryOf(event: SessionEvent): Entry | null {
  switch (event.type) {
    case 'created': return null
    case 'ended': return { event: 'ended', reason: event.reason, handle: event.handle }
    case 'refused': return { event: 'refused', reason: event.reason }
    case 'store_failure': return { event: 'store_failure', operation: event.operation }
    case 'sign_in_failed': return { event: 'sign_in_failed' }
    default: return { event: event.type, handle: event.handle }
  }
}
