import type { SessionEndReason, SessionView } from '../../shared/types/session'

/** What this page knows of the session: plain data, so that it gets from the server's render to the browser. */
export interface SessionState {
  /** The server's last response; `null` before the first. */
  view: SessionView | null
  /** The last request failed, so `view` may be out of date. */
  stale: boolean
  /** Why the last session ended, until a user signs in. */
  ended: SessionEndReason | null
}

export function initialState(): SessionState {
  return { view: null, stale: false, ended: null }
}

/** The state after a response of the server. */
export function withView(state: SessionState, view: SessionView): SessionState {
  const reason = endReasonOf(state, view)
  // An anonymous session that starts in the meantime, for example in another tab, does not explain the end away.
  if (view.session && !reason) return { view, stale: false, ended: view.session.userId === null ? state.ended : null }
  return { view, stale: false, ended: reason ?? view.ended ?? state.ended }
}

/** The state after the session has ended, as the server's event stream or another tab reports. */
export function withEnd({ view }: SessionState, ended: SessionEndReason, now: number): SessionState {
  if (!view) return { view, stale: false, ended }
  // Only a sign-out clears the cookie; otherwise the browser keeps it, though it opens no session any more.
  const cookie = ended === 'signed_out' ? null : view.cookie
  return { view: { status: 'anonymous', session: null, cookie, data: null, ended: null, now }, stale: false, ended }
}

/**
 * Why the session before has ended, if it no longer exists, or belongs to no user or to another one; `null` if it has
 * not. `unknown`: the server does not say, and its timeouts have not passed.
 */
export function endReasonOf({ view: before }: SessionState, view: SessionView): SessionEndReason | null {
  const { session, ended, now } = view
  if (!before?.session) return null
  const { userId, idleExpiresAt, expiresAt } = before.session
  if (session && (userId === null || userId === session.userId)) return null
  return ended ?? (now >= Math.min(idleExpiresAt, expiresAt) ? 'expired' : 'unknown')
}

/**
 * Changes when the user signs in or out, a session starts or ends, or its data changes: what other tabs have to know.
 */
export function contentOf(state: SessionState): string {
  return JSON.stringify([identityOf(state), state.view?.data])
}

/** Changes when the user signs in or out, or a session starts or ends. */
export function identityOf({ view }: SessionState): string | null {
  return view?.session ? `${view.session.id} ${view.session.userId}` : null
}
