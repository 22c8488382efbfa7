import type { FlatData, SessionValues } from './record'
import { NO_DATA, flatten, revive } from './record'

export interface SignInOptions<Data> {
  /** Keeps the session when the browser closes, with the longer pair of timeouts. Default `false`. */
  remember?: boolean
  /**
   * The data to begin with, or a function that makes it from what the session held: it may run several times, each time
   * on the newest data. Default none: what an anonymous visitor left behind does not cross into an account by itself.
   */
  data?: Data | ((held: Partial<Data>) => Data)
}

export type Update<Data> = Partial<Data> | ((draft: Data) => void | Promise<void>)

/** The data that a sign-in begins with. */
export function beginning<Data extends object>(data: SignInOptions<Data>['data'], held: FlatData): FlatData {
  if (data === undefined) return NO_DATA
  return flatten((typeof data === 'function' ? data(revive(held) as Partial<Data>) : data) as SessionValues)
}

/** The data after an update; what was `undefined` is gone. @throws Error for values that cannot be kept */
export async function changed<Data extends object>(data: FlatData, change: Update<Data>): Promise<FlatData> {
  const draft = revive(data)
  if (typeof change === 'function') await change(draft as Data)
  else Object.assign(draft, change)
  return flatten(Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)))
}
