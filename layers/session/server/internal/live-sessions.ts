import type { Clock } from '../engine/clock'
import { handleOf } from '../engine/identity'
import type { LiveSession } from '../engine/record'
import { idleEnd } from '../engine/record'
import type { EndReason } from '../engine/store'

/** What whoever watches a session is told. `ended` is the last. `signed_in`: it has become somebody's, who need not be who watched it so far. */
export type LiveEvent = { readonly type: 'ended', readonly reason: EndReason } | { readonly type: 'changed' | 'signed_in' | 'shutdown' }

export type LiveListener = (event: LiveEvent) => void

/** What is asked of the engine. */
export interface Lookout {
  readonly clock: Clock
  peek(key: string): Promise<LiveSession | null>
  endOf(key: string): Promise<EndReason | null>
  keysOf(owner: string): Promise<string[]>
  readonly sharesStore: boolean
  changedElsewhere(): boolean | null
}

interface Watch {
  readonly key: string
  readonly handle: string
  readonly owner: string | null
  readonly tell: LiveListener
  timer?: NodeJS.Timeout
}

/** Tabs of one browser share a stream; a browser without Web Locks has one a tab. */
const MOST_PER_SESSION = 8
const MOST = 10_000
/** What `setTimeout` can wait. */
const LONGEST_WAIT = 2_147_483_647
/** Milliseconds after which a store that did not answer is asked again. */
const ASK_AGAIN = 5000
/** Milliseconds between two looks at what other processes have done, which cost next to nothing where the store can tell that there is something. */
const LOOK_EVERY = 500
/** Of so many looks, one is taken for real where the store cannot tell. */
const BLIND_LOOKS = 10

/** Who wants to know at once when a session ends. One timer each: the store is asked at the start, and again at the end of the session's clocks. */
export class LiveSessions {
  readonly #byHandle = new Map<string, Set<Watch>>()
  readonly #byOwner = new Map<string, Set<Watch>>()
  #count = 0
  #closed = false
  #looks = 0
  #looking = false
  readonly #lists = new Map<string, string>()
  readonly #poll: NodeJS.Timeout | undefined

  constructor(private readonly lookout: Lookout) {
    if (!lookout.sharesStore) return
    this.#poll = setInterval(() => void this.#lookElsewhere(), LOOK_EVERY)
    this.#poll.unref()
  }

  /** The server is about to stop. */
  get closed(): boolean {
    return this.#closed
  }

  /** Watches a session until the function is called that it answers. `null`: there are too many already, or the server is about to stop. */
  watch(live: LiveSession, tell: LiveListener): (() => void) | null {
    const watch: Watch = { key: live.key, handle: handleOf(live.key), owner: live.record.owner, tell }
    const neighbours = this.#byHandle.get(watch.handle)?.size ?? 0
    if (this.#closed || this.#count >= MOST || neighbours >= MOST_PER_SESSION) return null
    this.#count++
    join(this.#byHandle, watch.handle, watch)
    if (watch.owner !== null) join(this.#byOwner, watch.owner, watch)
    // At once: it may have ended between being read and being watched.
    this.#wait(watch, this.lookout.clock())
    return () => this.#leave(watch)
  }

  /** The session is no more. */
  ended(handle: string, reason: EndReason): void {
    for (const watch of this.#of(handle)) this.#end(watch, reason)
  }

  /** The session has become somebody's, or once more its owner's. */
  signedIn(handle: string): void {
    for (const watch of this.#of(handle)) watch.tell({ type: 'signed_in' })
  }

  /** The list of this owner's sessions has become another. */
  changed(owner: string): void {
    for (const watch of [...this.#byOwner.get(owner) ?? []]) watch.tell({ type: 'changed' })
  }

  /** Tells everybody to leave, and lets nobody in any more. */
  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    for (const watch of [...this.#byHandle.values()].flatMap(watches => [...watches])) {
      this.#leave(watch)
      watch.tell({ type: 'shutdown' })
    }
  }

  #of(handle: string): Watch[] {
    return [...this.#byHandle.get(handle) ?? []]
  }

  #end(watch: Watch, reason: EndReason) {
    if (!this.#leave(watch)) return
    watch.tell({ type: 'ended', reason })
  }

  #leave(watch: Watch): boolean {
    if (!this.#byHandle.get(watch.handle)?.has(watch)) return false
    clearTimeout(watch.timer)
    this.#count--
    part(this.#byHandle, watch.handle, watch)
    if (watch.owner !== null) part(this.#byOwner, watch.owner, watch)
    if (watch.owner !== null && !this.#byOwner.has(watch.owner)) this.#lists.delete(watch.owner)
    return true
  }

  #wait(watch: Watch, until: number) {
    const delay = Math.min(Math.max(until - this.lookout.clock(), 0) + 1, LONGEST_WAIT)
    watch.timer = setTimeout(() => void this.#look(watch), delay)
    watch.timer.unref()
  }

  /** What another process ends, it cannot tell us. An outage is no news. */
  async #lookElsewhere() {
    if (this.#looking || this.#count === 0) return
    this.#looking = true
    try {
      this.#looks++
      if (this.lookout.changedElsewhere() ?? this.#looks % BLIND_LOOKS === 0) await this.#lookAtAll()
    }
    catch {
      // The store's outage has been reported; the watches' own timers remain.
    }
    this.#looking = false
  }

  async #lookAtAll() {
    for (const [watch] of [...this.#byHandle.values()].map(watches => [...watches])) {
      if (watch && !await this.lookout.peek(watch.key)) this.ended(watch.handle, await this.lookout.endOf(watch.key) ?? 'expired')
    }
    for (const owner of [...this.#byOwner.keys()]) {
      const list = (await this.lookout.keysOf(owner)).join()
      const before = this.#lists.get(owner)
      this.#lists.set(owner, list)
      if (list !== before) this.changed(owner)
    }
  }

  /** Its clocks say that it is over; it may have been used meanwhile. An outage is no end. */
  async #look(watch: Watch) {
    try {
      const live = await this.lookout.peek(watch.key)
      if (!this.#byHandle.get(watch.handle)?.has(watch)) return
      if (live) this.#wait(watch, idleEnd(live))
      else this.#end(watch, await this.lookout.endOf(watch.key) ?? 'expired')
    }
    catch {
      if (this.#byHandle.get(watch.handle)?.has(watch)) this.#wait(watch, this.lookout.clock() + ASK_AGAIN)
    }
  }
}

function join(groups: Map<string, Set<Watch>>, name: string, watch: Watch) {
  const group = groups.get(name)
  if (group) group.add(watch)
  else groups.set(name, new Set([watch]))
}

function part(groups: Map<string, Set<Watch>>, name: string, watch: Watch) {
  const group = groups.get(name)
  group?.delete(watch)
  if (group?.size === 0) groups.delete(name)
}
