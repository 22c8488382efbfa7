import type { EndReason } from './store'

/**
 * What happened to a session. A handle is public; nothing here opens a session, so an event may be logged as it is.
 *
 * - `refused`: a cookie came that is no ticket of ours (`forged`), is doubled with different values, or names no record;
 *   or a page of another origin tried to change something (`cross_origin`)
 * - `sign_in_failed`: the app could not tell that somebody is who they say they are
 * - `secret_reuse`: a ticket of ours whose secret was replaced longer ago than the grace; possibly a stolen copy
 * - `late_save_dropped`: a request tried to save into a session that had ended meanwhile
 */
export type SessionEvent
  = | { readonly type: 'created' | 'rotated' | 'signed_in' | 'secret_reuse' | 'late_save_dropped' | 'corrupt_record', readonly handle: string }
    | { readonly type: 'ended', readonly handle: string, readonly reason: EndReason }
    | { readonly type: 'refused', readonly reason: 'forged' | 'duplicate_cookie' | 'unknown' | 'cross_origin' }
    | { readonly type: 'sign_in_failed' }
    | { readonly type: 'store_failure', readonly operation: string, readonly error: unknown }

export type EventSink = (event: SessionEvent) => void

/** A listener's failure is its own: what it was told of has happened, and the request must go on. */
export function harmless(emit: EventSink): EventSink {
  return (event) => {
    try {
      emit(event)
    }
    catch (error) {
      // eslint-disable-next-line no-console -- The engine knows no logger, and must not keep quiet about this.
      console.error(`[session] A listener of ${event.type} failed:`, error)
    }
  }
}
