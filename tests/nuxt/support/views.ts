import type { SessionDetails, SessionView } from '#cloakroom'

/** The server's clock when the session starts; it idles out an hour later and expires a day later. */
export const NOW = Date.UTC(2026, 10, 23, 8, 0, 0)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export function sessionOf(changes: Partial<SessionDetails> = {}): SessionDetails {
  return {
    id: 'h1-public-name',
    userId: null,
    createdAt: NOW,
    lastSeenAt: NOW,
    idleExpiresAt: NOW + HOUR,
    expiresAt: NOW + DAY,
    persistent: false,
    ...changes,
  }
}

export function viewOf(changes: Partial<SessionView> = {}): SessionView {
  return {
    status: 'anonymous',
    session: sessionOf(),
    cookie: { name: '__Host-session', attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'], size: 212 },
    data: { id: 'h1-public-name' },
    ended: null,
    now: NOW,
    ...changes,
  }
}
