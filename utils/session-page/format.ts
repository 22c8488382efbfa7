// Without Intl: the locale data of Node and of the browser differ, and each different letter is a hydration mismatch.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface Parts { days: number, hours: number, minutes: number, seconds: number }

/** `59:42`, `24:00:00`, `29 d 23 h`. Rounds up, so that `0:00` means that nothing is left. */
export function formatRemaining(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms)
  if (days >= 2) return `${days} d ${hours} h`
  const allHours = days * 24 + hours
  if (allHours > 0) return `${allHours}:${pad(minutes)}:${pad(seconds)}`
  return `${minutes}:${pad(seconds)}`
}

/** The same as an ISO 8601 duration, for `<time datetime>`. */
export function isoDuration(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms)
  return `P${days ? `${days}D` : ''}T${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds}S`
}

/** The same in words, for screen readers, in at most two units. */
export function spokenRemaining(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms)
  const words = [count(days, 'day'), count(hours, 'hour'), count(minutes, 'minute'), count(seconds, 'second')]
  const first = words.findIndex(word => word !== '')
  if (first < 0) return 'nothing'
  return words.slice(first, first + 2).filter(word => word !== '').join(' ')
}

/** How long ago: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`. Negative durations are `just now`. */
export function formatAgo(ms: number): string {
  if (ms < 5 * SECOND) return 'just now'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`
  return `${Math.floor(ms / DAY)} d ago`
}

/** `2026-11-23` and `08:49:57`, in UTC, so that the server and every browser render the same. */
export function formatInstant(epochMs: number): { date: string, time: string, iso: string } {
  const iso = new Date(epochMs).toISOString()
  return { date: iso.slice(0, 10), time: iso.slice(11, 19), iso }
}

function split(ms: number): Parts {
  const total = Math.ceil(Math.max(0, ms) / SECOND)
  return {
    days: Math.floor(total / 86_400),
    hours: Math.floor(total / 3600) % 24,
    minutes: Math.floor(total / 60) % 60,
    seconds: total % 60,
  }
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

function count(value: number, unit: string): string {
  if (value === 0) return ''
  return `${value} ${unit}${value === 1 ? '' : 's'}`
}
