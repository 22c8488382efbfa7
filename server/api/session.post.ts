import { safeParse } from 'valibot'
import { SentValue } from '#shared/schemas/session-value'

/** Compares the value that a page sends back with the one in the session. */
export default defineEventHandler(async (event) => {
  const body = safeParse(SentValue, await readJson(event))
  if (!body.success) throw createError({ statusCode: 400, statusMessage: 'Bad Request', message: 'The body must be { '
    + '"session": "…" }.' })
  const { data } = await requireSession(event)
  if (data.value !== body.output.session) {
    throw createError({ statusCode: 422, statusMessage: 'Unprocessable Content', message: 'The data in the session '
      + 'does not match!', data: { code: 'mismatch' } })
  }
  return { message: 'Success!' }
})
