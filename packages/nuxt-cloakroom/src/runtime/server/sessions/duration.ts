import { parse } from '@lukeed/ms'

/** No duration needs more. The parser's time grows with the square of the length. */
const MAX_CHARACTERS = 32
/** No browser keeps a cookie for longer. */
export const MAX_DURATION_MS = 400 * 24 * 60 * 60 * 1000

/**
 * Parses a text such as `30m` into milliseconds, in any range. Returns `undefined` for anything else, also for a bare
 * number, which could mean seconds or milliseconds.
 */
export function toMilliseconds(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS || !/[a-z]$/i.test(value)) return undefined
  return parse(value)
}

/**
 * Parses a positive duration of at most 400 days into milliseconds.
 *
 * @param name how the option is called in the error
 * @throws TypeError for any other value: an option that was left empty must not switch a check off
 */
export function parseDuration(value: unknown, name: string): number {
  const ms = toMilliseconds(value)
  if (ms !== undefined && ms > 0 && ms <= MAX_DURATION_MS) return ms
  const text = typeof value === 'string' ? `'${value.slice(0, MAX_CHARACTERS)}'` : String(value)
  throw new TypeError(`[cloakroom] ${name}: ${text} is not a duration such as '10m'`)
}
