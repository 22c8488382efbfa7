export const LOAD_STRATEGIES = ['server-first', 'client-only', 'none'] as const

/** When the session is loaded on pages that do not ask for it. */
export type LoadStrategy = typeof LOAD_STRATEGIES[number]
