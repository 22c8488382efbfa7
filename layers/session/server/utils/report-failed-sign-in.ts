import { sessionLayer } from '../internal/instance'

/**
 * Tells the audit trail, and whoever listens to `session:sign_in_failed`, that somebody was not let in (ASVS 16.3.1). Call it where a password or another proof was wrong.
 * It takes no name: what people type into that field is now and then their password.
 */
export function reportFailedSignIn(): void {
  sessionLayer().engine.emit({ type: 'sign_in_failed' })
}
