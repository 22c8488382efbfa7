/** How often a line is written. */
const INTERVAL_MS = 1000

/**
 * Returns a function that logs connections which could not be accepted, for example because the process has no file
 * descriptor left (EMFILE), which is temporary. A client can cause that with each connection, so at most one line a
 * second is written, with the number of connections since the one before.
 *
 * @param now milliseconds of a clock that is never set back
 */
export function connectionErrorLog(write: (line: string) => void, now = () => performance.now()) {
  let lastAt = -Infinity
  let suppressed = 0
  return ({ message }: Error): void => {
    if (now() - lastAt < INTERVAL_MS) {
      suppressed++
      return
    }
    lastAt = now()
    const more = suppressed === 0 ? '' : ` (and ${suppressed} before it)`
    suppressed = 0
    write(`[tls] A connection could not be taken: ${message}${more}`)
  }
}
