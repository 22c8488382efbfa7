/**
 * What the app stores in a session. Empty here; the app declares its own fields:
 *
 * ```ts
 * declare module '#cloakroom' {
 *   interface SessionData { cart?: string[] }
 * }
 * ```
 *
 * The browser receives all of it except `secure`: data that no page may see belongs there.
 *
 * Values may be anything that devalue supports: plain objects and arrays, Date, Map, Set, BigInt, RegExp, and repeated
 * references.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface SessionData {}
