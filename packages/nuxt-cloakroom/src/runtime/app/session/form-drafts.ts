/** What users have left unfinished in forms, by a key that names the user: in the memory of this tab. */
const drafts = new Map<string, unknown>()

const PLAIN: unknown[] = [Object.prototype, Array.prototype]

/** Returns the beginning of the keys of a user's drafts. It is not the beginning of another user's. */
export function draftPrefixOf(appName: string, userId: string): string {
  return `${appName}:draft:${JSON.stringify(userId)}:`
}

export function keepDraft(key: string, value: unknown): void {
  drafts.set(key, value)
}

/** Returns a draft and deletes it, or `undefined` if there is none. */
export function takeDraft(key: string): unknown {
  const value = drafts.get(key) ?? unlessFull(() => JSON.parse(sessionStorage.getItem(key)!) ?? undefined)
  drafts.delete(key)
  unlessFull(() => sessionStorage.removeItem(key))
  return value
}

/**
 * Copies the drafts to `sessionStorage`, before another page replaces this one in the tab. A draft that is not plain
 * data is lost, as is one for which the browser has no space.
 */
export function storeDrafts(): void {
  for (const [key, value] of drafts) unlessFull(() => sessionStorage.setItem(key, JSON.stringify(value, assertPlain)))
}

/** Deletes the drafts of a user. */
export function forgetDrafts(prefix: string): void {
  const stored = unlessFull(() => Object.keys(sessionStorage)) ?? []
  for (const key of [...drafts.keys(), ...stored]) if (key.startsWith(prefix)) takeDraft(key)
}

/** Returns `undefined` if the browser's storage is full or switched off. */
export function unlessFull<Result>(use: () => Result): Result | undefined {
  try {
    return use()
  }
  catch {
    return undefined
  }
}

/** @throws TypeError for a value that JSON would change to another one, for example a `Set` or a `Date` */
function assertPlain(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const original = this[name]
  if (Object(original) === original && !PLAIN.includes(Object.getPrototypeOf(original))) throw new TypeError(name)
  return value
}
