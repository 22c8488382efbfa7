import { randomUUID } from 'node:crypto'
import type { H3Event } from 'h3'

/** Returns the value in the visitor's session. Issues a new one (a UUID) if there is none, and always with `renew`. */
export async function issueValue(event: H3Event, { renew = false } = {}): Promise<string> {
  const session = await useServerSession(event)
  if (renew || session.data.value === undefined) {
    const fresh = randomUUID()
    // Inside the draft, not before it: two parallel first calls must both return the value that is stored.
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
