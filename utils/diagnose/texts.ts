import type { PageFacts } from '#cloakroom'

/** Two clocks that differ by less count as equal: a call can take that long on a busy machine. */
const SAME_CLOCK_MS = 2000

/** Whether a call had the cookie. */
export function callText(came: boolean | null): string {
  if (came === null) return 'no answer'
  return came ? 'brought the cookie' : 'brought no cookie'
}

/** Whether the browser stores a cookie with the session cookie's attributes. */
export function storageText({ cookieEnabled, acceptsCookies }: PageFacts): string {
  if (acceptsCookies) return 'kept: one was set and found'
  return cookieEnabled ? 'not kept: one was set and was gone' : 'switched off'
}

/** How far the browser's clock differs from the server's. */
export function clockText(aheadMs: number | null): string {
  if (aheadMs === null) return 'not known'
  if (Math.abs(aheadMs) < SAME_CLOCK_MS) return 'as the server’s'
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const amount = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
  return `${amount} ${aheadMs > 0 ? 'ahead of' : 'behind'} the server’s`
}
