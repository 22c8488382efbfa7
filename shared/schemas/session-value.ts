import * as v from 'valibot'

/** What the page sends back: the value it was given, or whatever the visitor made of it. */
export const SentValue = v.object({ session: v.pipe(v.string(), v.maxLength(256)) })
