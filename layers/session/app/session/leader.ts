const LOCK = 'session:stream'

/**
 * Calls `lead` in one tab of this browser, and in the next one when that is closed. In a browser without Web Locks every tab leads.
 *
 * @param until resigns when aborted
 */
export function whenLeader(lead: () => void, until: AbortSignal): void {
  if (!('locks' in navigator)) return lead()
  const held = () => new Promise<void>((resign) => {
    until.addEventListener('abort', () => resign(), { once: true })
    lead()
  })
  // The only way to fail is to be aborted while waiting.
  navigator.locks.request(LOCK, { signal: until }, held).catch(() => {})
}
