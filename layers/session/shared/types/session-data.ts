/**
 * What the app keeps in a session. Empty here; an app says what it holds:
 *
 * ```ts
 * declare module '#layers/session/shared/types/session-data' {
 *   interface SessionData { cart?: string[] }
 * }
 * ```
 *
 * The browser gets all of it but `secure`: what no page must see belongs there.
 *
 * Values may be anything devalue keeps: plain objects and arrays, Date, Map, Set, BigInt, RegExp, repeated references.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface SessionData {}
