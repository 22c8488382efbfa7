/** A stretch of time in words that fit into a sentence, such as `3 minutes`. */
export function inWords(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(Math.abs(milliseconds) / 1000))
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? UNITS.at(-1)!
  const count = Math.round(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** `1, 2 and 3`. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

const UNITS: readonly [seconds: number, unit: string][] = [[86_400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]
