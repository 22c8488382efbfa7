import { AsyncLocalStorage } from 'node:async_hooks'

/** The session whose update function this code runs in. The server's calls to itself inherit it. */
const updating = new AsyncLocalStorage<string>()

/** Runs the function of an update. */
export function runUpdate<T>(key: string, change: () => Promise<T>): Promise<T> {
  return updating.run(key, change)
}

/** Updates of one session run one after another, so a nested one would wait for itself, and block all later ones. */
export function assertNotInUpdate(key: string) {
  if (updating.getStore() !== key) return
  throw new Error('[cloakroom] update() was called inside the function of another update() of the same session. Change '
    + 'the draft there instead.')
}
