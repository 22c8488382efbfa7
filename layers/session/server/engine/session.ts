import type { Admitted } from './admission'
import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import type { FlatData, LiveSession, SessionValues } from './record'
import { NO_DATA, flatten, revive } from './record'
import type { Ticket } from './seal'
import { newSecret } from './seal'
import { SessionReader } from './session-reader'
import { transition } from './transition'

/** What a session needs of the request it belongs to. */
export interface SessionRequest {
  /** The device as its browser named itself. */
  readonly label: string
  /** Throws where this request must not write: from a foreign page. */
  assertMayWrite(): void
  /** Gives the browser a new cookie. `maxAge` in seconds; left out, the cookie ends with the browser. */
  setCookie(value: string, maxAge?: number): void
  clearCookie(): void
}

export interface SignInOptions<Data> {
  /** Keeps the session when the browser closes, with the longer pair of timeouts. Default `false`. */
  remember?: boolean
  /** The data to begin with. Default none: what an anonymous visitor left behind does not cross into an account by itself. */
  data?: Data
}

export type Update<Data> = Partial<Data> | ((draft: Data) => void | Promise<void>)

/**
 * One visitor's session within one request. Reading it creates nothing; the first write does.
 *
 * `update` and `extend` answer `false` where the session ended while the request ran: the change is dropped, the
 * session stays ended, and the request may answer as it likes.
 */
export class ServerSession<Data extends object = SessionValues> extends SessionReader<Data> {
  readonly #engine: SessionEngine
  readonly #request: SessionRequest
  /** What the browser holds, as far as this request knows. */
  #held: Ticket | null
  #lost = false
  #creation: Promise<void> | undefined

  constructor(engine: SessionEngine, request: SessionRequest, admitted: Admitted | null) {
    super(admitted)
    this.#engine = engine
    this.#request = request
    this.#held = admitted && admitted.stale !== 'secret' ? admitted.ticket : null
    if (admitted) this.#adopt(admitted)
  }

  /**
   * Changes the data atomically: nothing that another request saves meanwhile is lost.
   *
   * @param change a patch of top-level values (`undefined` deletes one), or a function that changes a draft. The
   * function may run several times, each time on the newest data, so it must have no other effect.
   * @returns `false` when the session ended meanwhile and the change was dropped
   * @throws SessionError `conflict` when other processes kept being faster, `too_large` over 64 KiB
   */
  async update(change: Update<Data>): Promise<boolean> {
    this.#request.assertMayWrite()
    // Parallel calls of one request, as in a page's first render, share the session that the first of them creates.
    while (this.#creation) await this.#creation.catch(() => {})
    if (this.#lost) return false
    if (!this.admitted) return this.#create(change)
    const saved = await this.#engine.locks.run(this.admitted.live.key, () => this.#change(
      async ({ live, ticket }) => ({ ticket, record: { ...live.record, data: await changed(live.record.data, change) } }),
    ))
    if (!saved) this.#lose()
    return saved
  }

  /**
   * Makes this the session of `owner`: new secret, the old one dead at once, both clocks anew, an absent session created.
   * Call it after the user has authenticated (ASVS 7.2.4).
   */
  async signIn(owner: string, { remember = false, data }: SignInOptions<Data> = {}): Promise<void> {
    this.#request.assertMayWrite()
    if (typeof owner !== 'string' || owner === '') throw new TypeError('[session] signIn() needs the user\'s id: a string that is not empty')
    const signIn = { owner, remember, data: data ? flatten(data as SessionValues) : NO_DATA }
    const taken = this.admitted && await this.#change(({ live, ticket }) => {
      const next = { sid: ticket.sid, secret: newSecret() }
      return { ticket: next, record: this.#engine.signedInRecord(next, live, signIn) }
    }, this.#engine.clock())
    if (!taken) this.#adopt(await this.#engine.create(this.#request.label, signIn.data, signIn))
    this.#lost = false
    this.#engine.emit({ type: 'signed_in', handle: this.handle! })
  }

  /** Replaces the secret; the old one is dead at once. For any change of what the session may do. */
  async rotate(): Promise<boolean> {
    this.#request.assertMayWrite()
    return this.#rotate(0)
  }

  /** Ends the session for good and clears the cookie. The cookie is cleared even if the store does not answer; the 503 then says that the session may live on. */
  async signOut(): Promise<void> {
    this.#request.assertMayWrite()
    const live = this.admitted?.live
    this.#request.clearCookie()
    this.admitted = null
    if (live) await this.#engine.remove(live)
  }

  /** Slides the idle clock now. `false`: the session has ended meanwhile. */
  async extend(): Promise<boolean> {
    this.#request.assertMayWrite()
    const touched = this.admitted && await this.#engine.touch(this.admitted.live)
    if (touched) this.#noteTouch(touched)
    return touched !== null
  }

  /**
   * Counts this request as activity: slides the idle clock if that is due, replaces an old secret, seals an old cookie anew.
   * A store that fails here costs nobody the request: the touch is dropped and reported.
   */
  async recordActivity(): Promise<void> {
    const admitted = this.admitted
    if (!admitted) return
    if (this.#engine.rotationDue(admitted.live)) return this.#rotatePeriodically()
    if (!this.#engine.touchDue(admitted.live)) return
    if (admitted.stale === 'key') this.#sendCookie(admitted)
    // Not awaited: its loss ends the session a little early, never late, and no visitor waits for it.
    this.#engine.touch(admitted.live).then(live => live && this.#noteTouch(live), () => {})
  }

  async #rotatePeriodically(): Promise<void> {
    try {
      await this.#rotate(this.#engine.config.rotationGrace)
    }
    catch (error) {
      if (!(error instanceof SessionError)) throw error
    }
  }

  async #rotate(grace: number): Promise<boolean> {
    let rotated = false
    const alive = this.admitted && await this.#change((admitted) => {
      // A parallel request was faster: its new secret is ours too, and is not replaced again.
      rotated = grace === 0 || this.#engine.rotationDue(admitted.live)
      return rotated ? this.#engine.rotation(admitted, grace) : null
    }, this.#engine.clock())
    if (alive && rotated) this.#engine.emit({ type: 'rotated', handle: this.handle! })
    if (alive === false) this.admitted = null
    return alive ?? false
  }

  async #create(change: Update<Data>): Promise<boolean> {
    const create = async () => this.#adopt(await this.#engine.create(this.#request.label, await changed(NO_DATA, change)))
    this.#creation = create()
    try {
      await this.#creation
    }
    finally {
      this.#creation = undefined
    }
    return true
  }

  /** `false`: the session has ended, or is no longer this visitor's. */
  async #change(next: Parameters<typeof transition>[2], seenAt?: number): Promise<boolean> {
    const admitted = await transition(this.#engine, this.admitted!, next, seenAt)
    if (admitted) this.#adopt(admitted)
    return admitted !== null
  }

  #adopt(admitted: Admitted) {
    this.admitted = admitted
    if (!this.#held?.secret.equals(admitted.ticket.secret)) this.#sendCookie(admitted)
  }

  #noteTouch({ key, lastSeenAt }: LiveSession) {
    if (this.admitted?.live.key === key) this.admitted = { ...this.admitted, live: { ...this.admitted.live, lastSeenAt } }
  }

  #lose() {
    this.#engine.emit({ type: 'late_save_dropped', handle: this.handle! })
    this.admitted = null
    this.#lost = true
  }

  #sendCookie({ live, ticket }: Admitted) {
    const { persistent, expiresAt } = live.record
    const maxAge = persistent ? Math.floor((expiresAt - this.#engine.clock()) / 1000) : undefined
    this.#request.setCookie(this.#engine.seal(ticket), maxAge)
    this.#held = ticket
  }
}

async function changed<Data extends object>(data: FlatData, change: Update<Data>): Promise<FlatData> {
  const draft = revive(data)
  if (typeof change === 'function') await change(draft as Data)
  else Object.assign(draft, change)
  return flatten(Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)))
}
