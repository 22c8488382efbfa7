import type { AuthenticatedSession } from './authentication'
import type { SessionCookie } from './crypto'
import { hashSecret, hashesMatch, sessionIdOf } from './crypto'
import type { SessionEngine } from './engine'
import { SessionError, crossOriginRefused } from './errors'
import type { NextState } from './next-state'
import type { StoredSession } from './record'
import { replaceSecret, rotateSecret } from './next-state'
import { isRotationDue } from './policy'
import type { SignInStart } from './sign-in-start'
import type { ComputeNext } from './update-with-retry'
import { updateWithRetry } from './update-with-retry'

/** What a session needs to know of the request that it belongs to. */
export interface SessionRequest {
  /** The browser's `User-Agent`. */
  readonly label: string
  readonly signInStart: SignInStart
  /** A prefetch, HEAD or OPTIONS: no user has seen the response yet, so no value is pulled and no timeout moves. */
  readonly isSpeculative: boolean
  /** It comes from a page of another origin, and must not write. */
  readonly isForeign: boolean
  /** The server called itself, and no browser can receive a session. */
  readonly isInternal: boolean
  /** Resolves when the response has been sent, with the cookie if there is a new one. */
  readonly responseSent: Promise<void>
}

/** Where the browser's session cookie is set and cleared. */
export interface CookieWriter {
  /**
   * @param maxAge seconds; without it the cookie ends with the browser
   * @param isOutdated asked when the headers are written: if so, the cookie is not set after all
   */
  set(value: string, maxAge: number | undefined, isOutdated: () => boolean): void
  clear(): void
  /** Sets no cookie after all: the browser keeps what it has. */
  withdraw(): void
}

/** A cookie that the response sets. */
export interface SentCookie {
  readonly key: string
  readonly secretGeneration: number
}

/** What one request knows of its session. The functions in `session*.ts` read and change it. */
export interface SessionState {
  readonly engine: SessionEngine
  readonly request: SessionRequest
  readonly cookieWriter: CookieWriter
  current: AuthenticatedSession | null
  /** What the browser holds, as far as this request knows. */
  browserCookie: SessionCookie | null
  /** Grows with each sign-in and sign-out of this request, so that an earlier write does not have the last word. */
  generation: number
  /** The session ended, or another request replaced its cookie: writes are dropped until this request signs in. */
  isLost: boolean
  /** The session that was lost, if this request had it. */
  lostKey: string | null
  /**
   * The session whose cookie the response sets, and the generation of its secret, if another request may have replaced
   * it by the time the response is sent.
   */
  sent: SentCookie | null
  /** The session that another request of the same user has given a new secret, while this one was on its way. */
  readonly endable: StoredSession | undefined
  /** The creation of the session, while it is under way. */
  creating: Promise<void> | undefined
}

/**
 * @throws SessionError `cross_origin_refused` in a request from a page of another origin
 * @throws Error in a call that the server makes to itself without a browser's request
 */
export function assertMayWrite({ request, engine }: SessionState): void {
  if (request.isInternal) {
    throw new Error('[cloakroom] The server called its own route without the visitor’s request, so no browser would '
      + 'receive this session. Call it with event.$fetch, or useRequestFetch() in a page.')
  }
  if (!request.isForeign) return
  engine.events.emit({ type: 'refused', reason: 'cross_origin' })
  throw crossOriginRefused()
}

/** Continues with this session, and gives the browser its cookie if it holds another one. */
export function adopt(state: SessionState, session: AuthenticatedSession): void {
  state.current = session
  if (!state.browserCookie?.secret.equals(session.cookie.secret)) sendCookie(state, session)
}

export function sendCookie(state: SessionState, { session, cookie }: AuthenticatedSession): void {
  const { engine } = state
  const { persistent, expiresAt } = session.record
  const maxAge = persistent ? Math.floor((expiresAt - engine.clock()) / 1000) : undefined
  const sent = { key: session.key, secretGeneration: session.record.secretGeneration }
  state.cookieWriter.set(engine.seal(cookie), maxAge, () => engine.generations.isOutdated(sent))
  state.browserCookie = cookie
  state.sent = sent
}

/**
 * Call it before the response is sent. If another request has signed in with this session in the meantime, or ended it,
 * its response may reach the browser first, and this one's cookie must not replace the newer one. A store that does not
 * respond changes nothing.
 */
export async function withdrawOutdatedCookie({ engine, sent, cookieWriter }: SessionState): Promise<void> {
  if (sent === null) return
  try {
    const latest = await engine.get(sent.key)
    if (latest?.record.secretGeneration !== sent.secretGeneration) cookieWriter.withdraw()
  }
  catch (error) {
    if (!(error instanceof SessionError)) throw error
  }
}

/** Changes the record. Returns `false` if the session has ended or its secret became invalid. */
export async function changeRecord(state: SessionState, computeNext: ComputeNext, seenAt?: number): Promise<boolean> {
  const { generation } = state
  const changed = await updateWithRetry(state.engine, state.current!, computeNext, seenAt)
  if (changed && generation === state.generation) adopt(state, changed)
  return changed !== null
}

/** Moves the idle clock. Returns `false` if there is no session or it has ended. */
export async function touch(state: SessionState): Promise<boolean> {
  assertMayWrite(state)
  if (!state.current) return false
  const touched = await state.engine.touch(state.current.session)
  if (touched && state.current?.session.key === touched.key) {
    state.current = { ...state.current, session: { ...state.current.session, lastSeenAt: touched.lastSeenAt } }
  }
  return touched !== null
}

export async function rotateNow(state: SessionState): Promise<boolean> {
  assertMayWrite(state)
  return rotate(state, current => replaceSecret(current, state.engine.clock()))
}

/** A store that fails here does not fail the request; it has reported the failure. */
export async function rotatePeriodically(state: SessionState): Promise<void> {
  const { clock, config } = state.engine
  try {
    // If a parallel request was faster, its new secret is valid here too, and is not replaced again.
    const isDue = ({ session }: AuthenticatedSession) => isRotationDue(session, clock(), config)
    const isPossible = (current: AuthenticatedSession) => isDue(current) && holdsCurrentSecret(current)
    await rotate(state, current => isPossible(current) ? rotateSecret(current, clock()) : null)
  }
  catch (error) {
    if (!(error instanceof SessionError)) throw error
  }
}

/** Ends the request's use of the session and clears the cookie. */
export function leaveSession(state: SessionState): void {
  loseSession(state)
  state.isLost = false
  state.lostKey = null
  state.sent = null
  state.cookieWriter.clear()
}

/** Ends the request's use of the session: its later writes are dropped, unless it signs in. */
export function loseSession(state: SessionState): void {
  state.generation++
  state.lostKey = state.current?.session.key ?? state.lostKey
  state.current = null
  state.isLost = true
}

async function rotate(state: SessionState, computeNext: (current: AuthenticatedSession) => NextState | null) {
  if (!state.current) return false
  const { engine } = state
  let isRotated = false
  const isActive = await changeRecord(state, (current) => {
    const next = computeNext(current)
    isRotated = next !== null
    return next
  }, engine.clock())
  if (!isActive) state.current = null
  if (isRotated && state.current) engine.events.emit({ type: 'rotated', id: sessionIdOf(state.current.session.key) })
  return isActive
}

/** Only the current secret leads to a next one. A slow request may hold an older one, see `SessionEngine.reload`. */
function holdsCurrentSecret({ cookie, session }: AuthenticatedSession): boolean {
  return hashesMatch(hashSecret(cookie.secret), session.record.secretHash)
}
