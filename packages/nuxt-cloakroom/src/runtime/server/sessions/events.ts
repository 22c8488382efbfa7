import type { SessionEndReason } from '../../shared/types/session'

/**
 * What happened to a session. The `id` is public and nothing here opens a session, so an event may be logged, except
 * for `sessions_changed`, which holds a user id.
 *
 * - `refused`: a cookie is not valid (`forged`), occurs twice with different values, or names no record; or a page of
 *   another origin tried to write (`cross_origin`)
 * - `sign_in_failed`: the app rejected a password or another proof
 * - `signed_in`: `responseSent` resolves when the request that signed in has been responded to
 * - `sessions_changed`: the list of this user's sessions may have changed. If a request of this user caused it, its
 *   response has been sent
 * - `secret_reuse`: a secret after its grace period, although a newer one was used; possibly a stolen copy
 * - `record_mismatch`: the store returned the record of another session; the visitor is anonymous, and nothing ends
 * - `late_save_dropped`: a request tried to write to a session that ended in the meantime
 */
export type SessionEvent
  = | { readonly type: 'created' | 'rotated' | 'late_save_dropped', readonly id: string }
    | { readonly type: 'secret_reuse' | 'corrupt_record' | 'record_mismatch', readonly id: string }
    | { readonly type: 'signed_in', readonly id: string, readonly responseSent: Promise<void> }
    | { readonly type: 'ended', readonly id: string, readonly reason: SessionEndReason }
    | { readonly type: 'refused', readonly reason: 'forged' | 'duplicate_cookie' | 'unknown' | 'cross_origin' }
    | { readonly type: 'sign_in_failed' }
    | { readonly type: 'sessions_changed', readonly userId: string }
    | { readonly type: 'store_failure', readonly operation: string, readonly error: Error }

export type SessionEventListener = (event: SessionEvent) => void

/** Calls each subscriber for each event, in the order in which they subscribed. */
export class SessionEvents {
  readonly #listeners = new Set<SessionEventListener>()

  /** Returns a function that removes `listener`. */
  subscribe(listener: SessionEventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Never throws: what the event reports has happened, so a listener's error is logged and the request goes on. */
  emit(event: SessionEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      }
      catch (error) {
        // eslint-disable-next-line no-console -- The core has no logger, and must not hide this.
        console.error(`[cloakroom] A listener for ${event.type} failed:`, error)
      }
    }
  }
}
