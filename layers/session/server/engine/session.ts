import type { Device } from '../../shared/types/device'
import type { SignInOptions, Update } from './changes'
import { beginning, changed } from './changes'
import { devicesOf, revokeDevice, revokeOwner } from './devices'
import { SessionError } from './errors'
import { handleOf } from './identity'
import { refuseNesting, withinUpdate } from './nesting'
import type { SessionValues } from './record'
import { NO_DATA } from './record'
import { SessionWriter } from './session-writer'
import { signIn } from './sign-in'

/**
 * One visitor's session within one request. Reading it creates nothing; the first write does.
 *
 * `update` and its kin answer `false` where the session ended while the request ran, or the visitor signed in while the request was on its way: the change
 * is dropped, the session stays as it is, and the request may answer as it likes. Every verb throws `SessionError` `store_unavailable` (503) when
 * the store does not answer, and `cross_origin_refused` (403) in a request that comes from a foreign page.
 */
export class ServerSession<Data extends object = SessionValues> extends SessionWriter<Data> {
  #lost = this.request.superseded
  #creation: Promise<void> | undefined
  /** When what signs in here began: with the request, or after the request itself has signed the owner out elsewhere. */
  #startedAt = this.request.startedAt

  /**
   * Changes the data atomically: nothing that another request saves meanwhile is lost.
   *
   * @param change a patch of top-level values (`undefined` deletes one), or a function that changes a draft. The
   * function may run several times, each time on the newest data, so it must have no other effect.
   * @returns `false` when the session ended meanwhile and the change was dropped
   * @throws Error inside the function of another `update` of the same session, for which it would wait for ever
   * @throws SessionError `conflict` when other processes kept being faster, `too_large` over 64 KiB
   */
  async update(change: Update<Data>): Promise<boolean> {
    this.request.assertMayWrite()
    const { turn } = this
    // Parallel calls of one request, as in a page's first render, share the session that the first of them creates.
    while (this.#creation) await this.#creation.catch(() => {})
    if (this.#lost || turn !== this.turn) return false
    if (!this.admitted) return this.#create(change)
    const { key } = this.admitted.live
    refuseNesting(key)
    const saved = await this.engine.locks.run(key, async () => turn === this.turn && this.change(
      async ({ live, ticket }) => ({ ticket, record: { ...live.record, data: await withinUpdate(key, () => changed(live.record.data, change)) } }),
    ))
    if (!saved) this.#lose(key, turn)
    return saved
  }

  /**
   * Takes a value out: of any number of parallel requests, exactly one gets it. A prefetch, HEAD or OPTIONS sees the value
   * and leaves it there, since nobody has read that answer yet.
   */
  async pull<Name extends keyof Data>(name: Name): Promise<Data[Name] | undefined> {
    if (!Object.hasOwn(this.data, name)) return undefined
    if (this.request.speculative || this.data[name] === undefined) return this.data[name]
    let taken: Data[Name] | undefined
    const saved = await this.update((draft) => {
      taken = draft[name]
      Reflect.deleteProperty(draft, name)
    })
    return saved ? taken : undefined
  }

  /** Leaves a value for the next page to `pull`, such as a notice to show after a redirect. */
  async flash<Name extends keyof Data>(name: Name, value: Data[Name]): Promise<boolean> {
    return this.update(draft => void (draft[name] = value))
  }

  /**
   * Makes this the session of `owner`: new secret, the old one dead at once, both clocks anew, an absent session created.
   * Call it after the user has authenticated, and again after each re-authentication (ASVS 7.2.4).
   *
   * @throws SessionError `conflict` when the owner was signed out everywhere meanwhile, or is at the limit of sessions and the policy is `reject`
   */
  async signIn(owner: string, { remember = false, data }: SignInOptions<Data> = {}): Promise<void> {
    this.request.assertMayWrite()
    if (typeof owner !== 'string' || owner === '') throw new TypeError('[session] signIn() needs the user\'s id: a string that is not empty')
    await this.#creation?.catch(() => {})
    this.turn++
    const { label } = this.request
    const before = this.owner
    this.adopt(await signIn(this.engine, this.admitted, { owner, remember, label, startedAt: this.#startedAt, dataFrom: held => beginning(data, held) }))
    this.#lost = false
    this.engine.emit({ type: 'signed_in', handle: this.handle! })
    this.engine.signedIn(this.handle!, this.request.answered)
    this.#tellOwner(owner)
    if (before !== null && before !== owner) this.#tellOwner(before)
  }

  /** Replaces the secret; the old one is dead at once. For any change of what the session may do. */
  async rotate(): Promise<boolean> {
    this.request.assertMayWrite()
    return this.replaceSecret(0)
  }

  /**
   * Ends the session for good and clears the cookie. The cookie is cleared even if the store does not answer; the 503
   * then says that it is not done yet. This process goes on trying, and lets nobody in with that session meanwhile.
   */
  async signOut(): Promise<void> {
    this.request.assertMayWrite()
    await this.#creation?.catch(() => {})
    const live = this.#leave()
    if (!live) return
    await this.engine.removals.remove(live.key, 'signed_out')
    if (live.record.owner !== null) this.#tellOwner(live.record.owner)
  }

  /** Slides the idle clock now. `false`: there is no session, or it has ended meanwhile. */
  async extend(): Promise<boolean> {
    this.request.assertMayWrite()
    const touched = this.admitted && await this.engine.touch(this.admitted.live)
    if (touched) this.noteTouch(touched)
    return touched !== null
  }

  /** The signed-in user's sessions, newest first. @throws SessionError `no_session` while nobody is signed in */
  async devices(): Promise<Device[]> {
    return devicesOf(this.engine, this.#requireOwner(), this.admitted!.live.key)
  }

  /** Ends the user's session of that handle; this one too, if it is it. `false`: the user has none such. */
  async revoke(handle: string): Promise<boolean> {
    this.request.assertMayWrite()
    const owner = this.#requireOwner()
    const own = handle === this.handle
    const revoked = await revokeDevice(this.engine, owner, handle)
    if (own) this.#leave()
    if (revoked) this.#tellOwner(owner)
    return revoked
  }

  /** Ends all other sessions of the user, and defeats sign-ins that began before. Answers how many ended (ASVS 7.4.3). */
  async revokeOthers(): Promise<number> {
    this.request.assertMayWrite()
    return this.#revokeAllBut(this.admitted?.live.key)
  }

  /** Ends all sessions of the user, this one included, and defeats sign-ins that began before. Answers how many ended (ASVS 7.4.2). */
  async revokeAll(): Promise<number> {
    this.request.assertMayWrite()
    const revoked = await this.#revokeAllBut()
    this.#leave()
    return revoked
  }

  async #create(change: Update<Data>): Promise<boolean> {
    const create = async () => this.adopt(await this.engine.create(this.request.label, await changed(NO_DATA, change)))
    this.#creation = create()
    try {
      await this.#creation
    }
    finally {
      this.#creation = undefined
    }
    return true
  }

  async #revokeAllBut(except?: string): Promise<number> {
    const at = this.engine.revocationTime()
    const owner = this.#requireOwner()
    const revoked = await revokeOwner(this.engine, owner, at, except)
    // A sign-in that follows in this request, as after a change of password, does not defeat itself.
    this.#startedAt = at + 1
    if (revoked > 0) this.#tellOwner(owner)
    return revoked
  }

  /** Not before the answer: the owner's own page would ask with the cookie that this request replaces, and find no session. */
  #tellOwner(owner: string) {
    void this.request.answered.then(() => this.engine.ownerChanged(owner))
  }

  #requireOwner(): string {
    if (this.owner === null) throw new SessionError('no_session', 'Nobody is signed in.')
    return this.owner
  }

  #leave() {
    const live = this.admitted?.live
    this.turn++
    this.request.clearCookie()
    this.admitted = null
    return live
  }

  #lose(key: string, turn: number) {
    this.engine.emit({ type: 'late_save_dropped', handle: handleOf(key) })
    if (turn !== this.turn) return
    this.admitted = null
    this.#lost = true
  }
}
