/*
 * The module `#cloakroom`. It re-exports with `export *`, because TypeScript merges an app's
 * `declare module '#cloakroom' { interface SessionData { … } }` only into names that are exported this way.
 */
export * from './auth-utils'
export * from './device'
export * from './diagnosis'
export * from './session'
export * from './session-data'
