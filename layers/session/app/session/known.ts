import type { SessionView, SessionEnding } from '../../shared/types/session'

/** What this page knows of the session: plain data, so that it crosses from the server's render to the browser. */
export interface KnownSession {
  /** The server's last word; `null` before the first. */
  view: SessionView | null
  /** The last question got no answer, so `view` may be out of date. */
  stale: boolean
  /** How the last session ended that there was, until somebody signs in. */
  ended: SessionEnding | null
}

/** Before the first answer. */
export function nothingKnown(): KnownSession {
  return { view: null, stale: false, ended: null }
}

/** The server's word. */
export function withView(known: KnownSession, view: SessionView): KnownSession {
  const ending = endingOf(known, view)
  // An anonymous session that begins meanwhile, as in another tab, is no reason to leave somebody without one.
  if (view.session && !ending) return { view, stale: false, ended: view.session.owner === null ? known.ended : null }
  return { view, stale: false, ended: ending ?? view.ended ?? known.ended }
}

/** The session has ended, as the server's stream or another tab says. */
export function withEnd({ view }: KnownSession, ended: SessionEnding, serverNow: number): KnownSession {
  return { view: view && { ...view, status: 'anonymous', session: null, data: null, ended: null, now: serverNow }, stale: false, ended }
}

/** How the session ended that was known, if it is no more, or nobody's, or another user's. `unknown`: nobody says, and its clocks run on. */
export function endingOf({ view: before }: KnownSession, { session, ended, now }: SessionView): SessionEnding | null {
  if (!before?.session) return null
  const { owner, idleExpiresAt, expiresAt } = before.session
  if (session && (owner === null || owner === session.owner)) return null
  return ended ?? (now >= Math.min(idleExpiresAt, expiresAt) ? 'expired' : 'unknown')
}

/** Changes when somebody signs in or out, a session begins or ends, or what it holds is something else: what other tabs have to hear of. */
export function contentOf(known: KnownSession): string {
  return JSON.stringify([identityOf(known), known.view?.data])
}

/** Changes when somebody signs in or out, or a session begins or ends. */
export function identityOf({ view }: KnownSession): string | null {
  return view?.session ? `${view.session.handle} ${view.session.owner}` : null
}
