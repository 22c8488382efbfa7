import { randomUUID } from 'node:crypto'
import type { H3Event } from 'h3'

/** The value in the visitor's session. A new one (a UUID) is issued where there is none, and always with `renew`. */
export async function issueValue(event: H3Event, { renew = false } = {}): Promise<string> {
  const session = await useServerSession(event)
  if (renew || session.data.value === undefined) {
    const fresh = randomUUID()
    // Inside the draft, not before it: of two parallel first calls, both must answer the one value that stays.
    await session.update((draft) => {
      draft.value = renew ? fresh : (draft.value ?? fresh)
    })
  }
  if (session.data.value === undefined)
    throw createError({
      statusCode: 401,
      statusMessage: 'Unauthorized',
      message: 'The session has ended.',
      data: { code: 'no_session' },
    })
  return session.data.value
}
