import * as v from 'valibot'

/** Longer values are not compared: the server issues 36 characters. */
export const SENT_VALUE_MAX_LENGTH = 256

/** What the page sends back: the value that it received, or what the visitor changed it to. */
export const SentValue = v.object({ session: v.pipe(v.string(), v.maxLength(SENT_VALUE_MAX_LENGTH)) })
