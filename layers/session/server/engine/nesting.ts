import { AsyncLocalStorage } from 'node:async_hooks'

/** The session whose update this code runs inside of. Calls of the server to itself inherit it. */
const updating = new AsyncLocalStorage<string>()

/** Runs the function of an update. */
export function withinUpdate<T>(key: string, change: () => Promise<T>): Promise<T> {
  return updating.run(key, change)
}

/** Updates of one session take turns, so one inside another would wait for itself, and with it all that come later. */
export function refuseNesting(key: string) {
  if (updating.getStore() !== key) return
  throw new Error('[session] update() was called inside the function of another update() of the same session. Change the draft there instead.')
}
