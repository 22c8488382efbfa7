import type { Admitted } from './admission'
import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import type { LiveSession, SessionValues } from './record'
import type { Ticket } from './seal'
import { SessionReader } from './session-reader'
import type { MaybePromise } from './store'
import { transition } from './transition'

/** What a session needs of the request it belongs to. */
export interface SessionRequest {
  /** The device as its browser named itself. */
  readonly label: string
  /** When the request began, milliseconds since the epoch. */
  readonly startedAt: number
  /** A prefetch, HEAD or OPTIONS: no person has seen the answer yet, so nothing is consumed and no clock moves. */
  readonly speculative: boolean
  /** Its cookie is the one from just before a sign-in or a rotation: a session begun for it would replace the one that its browser has by now. */
  readonly superseded: boolean
  /** Resolves when its answer is on its way, with the cookie if there is a new one. Whoever asks before that still has the old one. */
  readonly answered: Promise<void>
  /** Throws where this request must not write: from a foreign page. */
  assertMayWrite(): void
  /** Gives the browser a new cookie. `maxAge` in seconds; left out, the cookie ends with the browser. */
  setCookie(value: string, maxAge?: number): void
  clearCookie(): void
}

/** How a request's session changes, and how the browser learns of it. The verbs for apps are `ServerSession`'s. */
export class SessionWriter<Data extends object = SessionValues> extends SessionReader<Data> {
  protected readonly engine: SessionEngine
  protected readonly request: SessionRequest
  /** Grows with each sign-in and sign-out of this request: what was under way before does not have the last word. */
  protected turn = 0
  /** What the browser holds, as far as this request knows. */
  #held: Ticket | null

  constructor(engine: SessionEngine, request: SessionRequest, admitted: Admitted | null) {
    super(admitted)
    this.engine = engine
    this.request = request
    this.#held = admitted && admitted.stale !== 'secret' ? admitted.ticket : null
    if (admitted) this.adopt(admitted)
  }

  /**
   * Counts this request as activity: slides the idle clock if that is due, replaces an old secret, seals an old cookie anew.
   * A store that fails here costs nobody the request: the touch is dropped and reported. Answers at once unless it has to wait for a new secret.
   */
  recordActivity(): MaybePromise<void> {
    const admitted = this.admitted
    if (!admitted) return
    if (this.engine.rotationDue(admitted.live)) return this.#rotatePeriodically()
    if (!this.engine.touchDue(admitted.live)) return
    if (admitted.stale === 'key') this.#sendCookie(admitted)
    // Not awaited: its loss ends the session a little early, never late, and no visitor waits for it.
    this.engine.touch(admitted.live).then(live => live && this.noteTouch(live), () => {})
  }

  /** `grace` in milliseconds; 0 kills the old secret at once. `false`: there is no session, or it has ended. */
  protected async replaceSecret(grace: number): Promise<boolean> {
    if (!this.admitted) return false
    let rotated = false
    const alive = await this.change((admitted) => {
      // A parallel request was faster: its new secret is ours too, and is not replaced again.
      rotated = grace === 0 || (this.engine.rotationDue(admitted.live) && this.engine.holdsCurrentSecret(admitted))
      return rotated ? this.engine.rotation(admitted, grace) : null
    }, this.engine.clock())
    if (!alive) this.admitted = null
    else if (rotated && this.admitted) this.engine.emit({ type: 'rotated', handle: this.handle! })
    return alive
  }

  /** `false`: the session has ended, or is no longer this visitor's. */
  protected async change(next: Parameters<typeof transition>[2], seenAt?: number): Promise<boolean> {
    const { turn } = this
    const admitted = await transition(this.engine, this.admitted!, next, seenAt)
    if (admitted && turn === this.turn) this.adopt(admitted)
    return admitted !== null
  }

  /** Goes on with this session, and gives the browser its cookie if it holds another. */
  protected adopt(admitted: Admitted) {
    this.admitted = admitted
    if (!this.#held?.secret.equals(admitted.ticket.secret)) this.#sendCookie(admitted)
  }

  protected noteTouch({ key, lastSeenAt }: LiveSession) {
    if (this.admitted?.live.key === key) this.admitted = { ...this.admitted, live: { ...this.admitted.live, lastSeenAt } }
  }

  async #rotatePeriodically(): Promise<void> {
    try {
      await this.replaceSecret(this.engine.config.rotationGrace)
    }
    catch (error) {
      if (!(error instanceof SessionError)) throw error
    }
  }

  #sendCookie({ live, ticket }: Admitted) {
    const { persistent, expiresAt } = live.record
    const maxAge = persistent ? Math.floor((expiresAt - this.engine.clock()) / 1000) : undefined
    this.request.setCookie(this.engine.seal(ticket), maxAge)
    this.#held = ticket
  }
}
