import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../engine/clock'
import { handleOf, ownerTagOf } from '../engine/identity'
import type { LiveSession } from '../engine/record'
import { idleEnd } from '../engine/record'
import type { EndReason, StoreNews } from '../engine/store'

/**
 * What whoever watches a session is told. All but `changed` are the last. `signed_in`: it has become somebody's, who need not be who watched it so far; before
 * the request is `answered` that did it, if it was one of this process, the browser does not have its new cookie.
 */
export type LiveEvent
  = | { readonly type: 'ended', readonly reason: EndReason }
    | { readonly type: 'signed_in', readonly answered?: Promise<void> }
    | { readonly type: 'changed' | 'shutdown' }

export type LiveListener = (event: LiveEvent) => void

/** How a session is watched: by an event stream, or by a WebSocket. */
export type WatchKind = 'stream' | 'socket'

/** What is asked of the engine. */
export interface Lookout {
  readonly clock: Clock
  peek(key: string): Promise<LiveSession | null>
  endOf(key: string): Promise<EndReason | null>
  keysOf(owner: string): Promise<string[]>
  listen(hear: (news: StoreNews) => void): () => void
}

/** A session with those who watch it. */
interface Watched {
  readonly key: string
  readonly handle: string
  readonly owner: string | null
  /** When its owner signed in; another time is another sign-in. */
  readonly authenticatedAt: number | null
  readonly watches: Set<{ readonly kind: WatchKind, readonly tell: LiveListener }>
  timer?: NodeJS.Timeout
}

/** The sessions of one owner that are watched, and all the keys of that owner's sessions when they were last looked at. */
interface WatchedOwner {
  readonly owner: string
  readonly sessions: Set<Watched>
  list?: string
}

/** Tabs of one browser share a stream; a browser without Web Locks has one a tab. A page may have a socket or two of its own. */
const MOST_PER_SESSION: Record<WatchKind, number> = { stream: 8, socket: 32 }
const MOST = 10_000
/** What `setTimeout` can wait. */
const LONGEST_WAIT = 2_147_483_647
/** Milliseconds after which a store that did not answer is asked again. */
const ASK_AGAIN = 5000
/** Questions asked at once when everything is asked for; in between, requests have their turn. */
const BATCH = 100

/**
 * Who wants to know at once when a session ends. What this process does is told here; what others do, the store tells, and is asked then. One timer for each session: the store is
 * asked at the start, and again at the end of the session's clocks.
 */
export class LiveSessions {
  readonly #sessions = new Map<string, Watched>()
  readonly #owners = new Map<string, WatchedOwner>()
  #count = 0
  #closed = false
  #unlisten: (() => void) | undefined
  #lookingAtAll: 'no' | 'yes' | 'again' = 'no'

  constructor(private readonly lookout: Lookout) {}

  /** The server is about to stop. */
  get closed(): boolean {
    return this.#closed
  }

  /** Watches a session until the function is called that it answers. `null`: there are too many already, or the server is about to stop. */
  watch(live: LiveSession, tell: LiveListener, kind: WatchKind = 'stream'): (() => void) | null {
    const session = this.#sessionOf(live)
    const neighbours = [...session.watches].filter(other => other.kind === kind).length
    if (this.#closed || this.#count >= MOST || neighbours >= MOST_PER_SESSION[kind]) return null
    this.#unlisten ??= this.lookout.listen(news => this.#hear(news))
    const watch = { kind, tell }
    this.#join(session, watch)
    // At once: it may have ended between being read and being watched.
    this.#wait(session, this.lookout.clock())
    return () => this.#leave(session, watch)
  }

  /** The session is no more. */
  ended(handle: string, reason: EndReason): void {
    this.#dismiss(this.#sessions.get(handle), { type: 'ended', reason })
  }

  /** The session has become somebody's, or once more its owner's. */
  signedIn(handle: string, answered: Promise<void>): void {
    this.#dismiss(this.#sessions.get(handle), { type: 'signed_in', answered })
  }

  /** The list of this owner's sessions has become another. */
  changed(owner: string): void {
    this.#tellOwner(this.#owners.get(ownerTagOf(owner)))
  }

  /** Tells everybody to leave, and lets nobody in any more. */
  close(): void {
    this.#closed = true
    this.#unlisten?.()
    for (const session of [...this.#sessions.values()]) this.#dismiss(session, { type: 'shutdown' })
  }

  #sessionOf({ key, record: { owner, authenticatedAt } }: LiveSession): Watched {
    const handle = handleOf(key)
    const known = this.#sessions.get(handle)
    if (known && known.owner === owner && known.authenticatedAt === authenticatedAt) return known
    this.#dismiss(known, { type: 'signed_in' }) // Elsewhere, a moment ago.
    return { key, handle, owner, authenticatedAt, watches: new Set() }
  }

  #join(session: Watched, watch: { kind: WatchKind, tell: LiveListener }) {
    this.#count++
    session.watches.add(watch)
    this.#sessions.set(session.handle, session)
    if (session.owner === null) return
    const tag = ownerTagOf(session.owner)
    const known = this.#owners.get(tag)
    const owner = known ?? { owner: session.owner, sessions: new Set() }
    owner.sessions.add(session)
    this.#owners.set(tag, owner)
    if (!known) void this.#noteList(owner)
  }

  #leave(session: Watched, watch: { kind: WatchKind, tell: LiveListener }) {
    if (!session.watches.delete(watch)) return
    this.#count--
    if (session.watches.size > 0) return
    clearTimeout(session.timer)
    this.#sessions.delete(session.handle)
    if (session.owner === null) return
    const tag = ownerTagOf(session.owner)
    const owner = this.#owners.get(tag)
    owner?.sessions.delete(session)
    if (owner?.sessions.size === 0) this.#owners.delete(tag)
  }

  /** Tells all who watch a session the last that they hear of it. */
  #dismiss(session: Watched | undefined, event: LiveEvent) {
    for (const watch of [...session?.watches ?? []]) {
      this.#leave(session!, watch)
      watch.tell(event)
    }
  }

  #tellOwner(owner: WatchedOwner | undefined) {
    if (!owner) return
    void this.#noteList(owner)
    for (const watch of [...owner.sessions].flatMap(({ watches }) => [...watches])) watch.tell({ type: 'changed' })
  }

  #isWatched(session: Watched): boolean {
    return this.#sessions.get(session.handle) === session
  }

  #wait(session: Watched, until: number) {
    clearTimeout(session.timer)
    const delay = Math.min(Math.max(until - this.lookout.clock(), 0) + 1, LONGEST_WAIT)
    session.timer = setTimeout(() => void this.#look(session), delay)
    session.timer.unref()
  }

  /** Its clocks say that it is over, or somebody else says so; it may have been used meanwhile. An outage is no end. */
  async #look(session: Watched) {
    try {
      const live = await this.lookout.peek(session.key)
      const reason = live ? null : await this.lookout.endOf(session.key) ?? 'expired'
      if (!this.#isWatched(session)) return
      if (!live) this.#dismiss(session, { type: 'ended', reason: reason! })
      else if (live.record.authenticatedAt !== session.authenticatedAt || live.record.owner !== session.owner) this.#dismiss(session, { type: 'signed_in' })
      else this.#wait(session, idleEnd(live))
    }
    catch {
      if (this.#isWatched(session)) this.#wait(session, this.lookout.clock() + ASK_AGAIN)
    }
  }

  #hear(news: StoreNews) {
    if (news === 'anything') return void this.#lookAtAll()
    if ('owner' in news) return void this.#lookAtOwner(this.#owners.get(news.owner))
    const session = this.#sessions.get(handleOf(news.session))
    if (session) void this.#look(session)
  }

  /** First whether its sessions are still there: whoever has lost one is not to be sent asking for the list. */
  async #lookAtOwner(owner: WatchedOwner | undefined) {
    await Promise.all([...owner?.sessions ?? []].map(session => this.#look(session)))
    this.#tellOwner(owner)
  }

  /** What comes meanwhile may concern what has been looked at already. */
  async #lookAtAll() {
    if (this.#lookingAtAll !== 'no') return void (this.#lookingAtAll = 'again')
    do {
      this.#lookingAtAll = 'yes'
      await inBatches([...this.#sessions.values()], session => this.#look(session))
      await inBatches([...this.#owners.values()], owner => this.#lookAtList(owner))
    } while ((this.#lookingAtAll as string) === 'again')
    this.#lookingAtAll = 'no'
  }

  async #lookAtList(owner: WatchedOwner) {
    const before = owner.list
    await this.#noteList(owner)
    if (owner.list !== undefined && owner.list !== before) this.#tellOwner(owner)
  }

  async #noteList(owner: WatchedOwner) {
    try {
      owner.list = (await this.lookout.keysOf(owner.owner)).join()
    }
    catch {
      owner.list = undefined // The store's outage has been reported. The next look finds a difference.
    }
  }
}

async function inBatches<Item>(items: readonly Item[], ask: (item: Item) => Promise<void>) {
  for (let start = 0; start < items.length; start += BATCH) {
    await Promise.all(items.slice(start, start + BATCH).map(ask))
    await nextTurn()
  }
}
