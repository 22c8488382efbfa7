import type { SessionEndReason } from '#cloakroom'

/** Why a user is no longer signed in, in a sentence for that user. */
const ENDINGS: Record<SessionEndReason, string> = {
  signed_out: 'You signed out in this browser.',
  revoked: 'You were signed out on another device.',
  evicted: 'You signed in on more devices than are allowed, so the oldest sign-in, this one, was ended.',
  expired: 'Your session ran out of time.',
  secret_reuse: 'A copy of this session’s cookie was used, so the session was ended.',
  unknown: 'Your session has ended.',
}

export function endingText(reason: keyof typeof ENDINGS): string {
  return ENDINGS[reason]
}
