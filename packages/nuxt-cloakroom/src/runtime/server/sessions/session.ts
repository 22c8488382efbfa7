import type { Device } from '../../shared/types/device'
import type { Authentication } from './authentication'
import { sessionIdOf } from './crypto'
import type { SessionEngine } from './engine'
import type { SignInOptions, Update } from './next-state'
import { idleExpiresAt, isRotationDue, isTouchDue } from './policy'
import type { SessionValues } from './record'
import { pullValue, updateData } from './session-data'
import type { CookieWriter, SessionRequest, SessionState } from './session-state'
import { rotateNow, rotatePeriodically, sendCookie, touch } from './session-state'
import {
  listUserDevices, revokeAllOfUser, revokeOneOfUser, revokeOthersOfUser, signInUser, signOutVisitor,
} from './session-users'
import type { MaybePromise } from './store'

/** Begins a request's use of its session. Gives the browser the new cookie if it holds an outdated secret. */
export function openSession(
  engine: SessionEngine,
  request: SessionRequest,
  cookieWriter: CookieWriter,
  { outcome, session: current, ...rest }: Authentication,
): SessionState {
  const isOutdated = current?.outdated === 'secret'
  const state: SessionState = {
    engine,
    request,
    cookieWriter,
    current,
    browserCookie: isOutdated ? null : current?.cookie ?? null,
    generation: 0,
    isLost: outcome === 'superseded',
    lostKey: null,
    sent: null,
    endable: 'endable' in rest ? rest.endable : undefined,
    creating: undefined,
  }
  if (isOutdated) sendCookie(state, current!)
  return state
}

/**
 * Counts the request as activity: moves the idle clock if that is due, rotates an old secret, reseals a cookie of an
 * old key. If the store fails, the request goes on: the touch is dropped and the failure reported. Returns a promise
 * only if a new secret is needed.
 */
export function recordActivity(state: SessionState): MaybePromise<void> {
  const { current, engine } = state
  if (!current) return
  const now = engine.clock()
  if (isRotationDue(current.session, now, engine.config)) return rotatePeriodically(state)
  if (!isTouchDue(current.session, now)) return
  if (current.outdated === 'key') sendCookie(state, current)
  // Not awaited: if it is lost, the session ends a little early, never late, and no request waits for it.
  touch(state).catch(() => {})
}

/**
 * The visitor's session within one request. Reading it creates nothing; the first write does.
 *
 * `update`, `pull` and `flash` return `false` (or `undefined`) if the session ended while the request ran, or if the
 * visitor signed in while the request was on its way: the change is dropped. Each method throws `SessionError`
 * `store_unavailable` (503) if the store does not respond, and each one that writes throws `cross_origin_refused` (403)
 * in a request from a page of another origin.
 */
export class ServerSession<Data extends object = SessionValues> {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  /** Whether there is a session. All other properties are `null` or empty without one. */
  get exists(): boolean {
    return this.#state.current !== null
  }

  /** The session's public id: stable, safe to show and to log. */
  get id(): string | null {
    const { current } = this.#state
    return current && sessionIdOf(current.session.key)
  }

  /** The user id passed to `signIn`; `null` while anonymous. */
  get userId(): string | null {
    return this.#state.current?.session.record.userId ?? null
  }

  /** When the user last authenticated, milliseconds since the epoch; `null` while anonymous. */
  get authenticatedAt(): number | null {
    return this.#state.current?.session.record.authenticatedAt ?? null
  }

  /** Milliseconds since the epoch. */
  get createdAt(): number | null {
    return this.#state.current?.session.record.createdAt ?? null
  }

  /** The last activity, milliseconds since the epoch. */
  get lastSeenAt(): number | null {
    return this.#state.current?.session.lastSeenAt ?? null
  }

  /** Absolute expiry, milliseconds since the epoch. */
  get expiresAt(): number | null {
    return this.#state.current?.session.record.expiresAt ?? null
  }

  /** Idle expiry, milliseconds since the epoch. */
  get idleExpiresAt(): number | null {
    const { current } = this.#state
    return current && idleExpiresAt(current.session)
  }

  /** Whether the cookie outlives the browser ("remember me"). */
  get persistent(): boolean {
    return this.#state.current?.session.record.persistent ?? false
  }

  /** A copy of the data, for reading. Use `update` to change it; changes to the copy are not saved. */
  get data(): Readonly<Partial<Data>> {
    return (this.#state.current?.session.values ?? {}) as Data
  }

  /**
   * Changes the data atomically: nothing that another request saves at the same time is lost.
   *
   * @param change a patch of top-level values (`undefined` deletes one), or a function that changes a draft. The
   * function may run several times, each time on the newest data, so it must have no side effect.
   * @returns `false` if the session ended in the meantime and the change was dropped
   * @throws Error inside the function of another `update` of the same session, which would wait for itself
   * @throws SessionError `conflict` if other processes were faster each time, `too_large` over 64 KiB
   */
  async update(change: Update<Data>): Promise<boolean> {
    return updateData(this.#state, change)
  }

  /**
   * Removes a value and returns it. Of any number of parallel requests exactly one gets it. A prefetch, HEAD or OPTIONS
   * returns the value without removing it, because no user has seen that response yet.
   */
  async pull<Name extends keyof Data>(name: Name): Promise<Data[Name] | undefined> {
    return pullValue<Data, Name>(this.#state, name)
  }

  /** Stores a value for the next page to `pull`, for example a notice to show after a redirect. */
  async flash<Name extends keyof Data>(name: Name, value: Data[Name]): Promise<boolean> {
    return this.update((draft) => {
      draft[name] = value
    })
  }

  /**
   * Assigns the session to a user, with a new secret and both timeouts restarted; creates a session if there is none.
   * Call it after the user has authenticated, and again after each re-authentication (ASVS 7.2.4).
   *
   * @throws SessionError `conflict` if the user was signed out everywhere in the meantime, or is at the limit of
   * sessions and the policy is `reject`
   * @throws TypeError if the user id is empty or not a text, or `remember` not a boolean; a 400 if the user id is not
   * well-formed Unicode, or has over 1,024 characters
   */
  async signIn(userId: string, options: SignInOptions<Data> = {}): Promise<void> {
    await signInUser(this.#state, userId, options)
  }

  /** Replaces the secret; the old one is invalid immediately. Call it whenever the user's permissions change. */
  async rotate(): Promise<boolean> {
    return rotateNow(this.#state)
  }

  /**
   * Ends the session for good and clears the cookie. The cookie is cleared even if the store does not respond; the 503
   * then means that it is not done yet. This process keeps trying, and accepts no request with that session.
   *
   * @throws SessionError `conflict` if another request has signed in another user with this session in the meantime:
   * then that user's session goes on, and the cookie stays
   */
  async signOut(): Promise<void> {
    await signOutVisitor(this.#state)
  }

  /** Moves the idle clock now. Returns `false` if there is no session, or if it has ended in the meantime. */
  async extend(): Promise<boolean> {
    return touch(this.#state)
  }

  /** The user's sessions, newest first. @throws SessionError `no_session` if no user is signed in */
  async devices(): Promise<Device[]> {
    return listUserDevices(this.#state)
  }

  /** Ends the user's session with this public id, which may be this one. Returns `false` if the user has none. */
  async revoke(id: string): Promise<boolean> {
    return revokeOneOfUser(this.#state, id)
  }

  /**
   * Ends all other sessions of the user, and defeats sign-ins that began before. Returns how many ended (ASVS 7.4.3).
   */
  async revokeOthers(): Promise<number> {
    return revokeOthersOfUser(this.#state)
  }

  /** Ends all sessions of the user, and defeats sign-ins that began before. Returns how many ended (ASVS 7.4.2). */
  async revokeAll(): Promise<number> {
    return revokeAllOfUser(this.#state)
  }
}
