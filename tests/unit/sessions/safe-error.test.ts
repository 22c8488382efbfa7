import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { createTestEngine } from '../../support/engine'

const PLANTED = 'planted-in-a-driver'
const details = { command: { args: [PLANTED] }, options: { body: PLANTED }, [PLANTED]: 1 }

/** What a driver throws, with everything that drivers attach to it. */
const errorOf = (): unknown => Object.assign(new RangeError('write failed', {
  cause: Object.assign(new Error('connection lost'), { code: 'ECONNRESET', request: PLANTED }),
}), details)

async function failWith(reason: unknown) {
  const fail = () => Promise.reject(reason as Error)
  const driver = { ...memoryDriver(), create: fail, assignUser: fail }
  const { browser, events } = createTestEngine({ driver })
  const { session } = await browser().visit()
  const signIn = session.signIn('planted@x.test', { data: { text: PLANTED } })
  const thrown = await signIn.catch((error: unknown) => error as SessionError)
  return { thrown, event: events.at(-1)! }
}

describe('an error of a driver', () => {
  it('reaches the log without what the driver has attached, and so does the error of the request', async () => {
    for (const error of Object.values(await failWith(errorOf()))) {
      const printed = inspect(error, { depth: 20, showHidden: true })
      expect(printed).not.toContain(PLANTED)
      expect(printed).toContain('write failed')
      expect(printed).toContain('connection lost')
      expect(printed).toContain('ECONNRESET')
    }
  })

  it.each([
    ['the record', () => `Failed query: insert … params: k,{"data":[{"text":1},"${PLANTED}"]}`],
    ['a part of it', () => `invalid value "${PLANTED.slice(2)}"`],
    ['a user id', () => 'duplicate key: planted@x.test'],
  ])('is withheld if its message quotes %s', async (_, message) => {
    const cause = new Error(message())
    for (const error of Object.values(await failWith(new Error(`outer: ${message()}`, { cause })))) {
      const printed = inspect(error, { depth: 20, showHidden: true })
      expect(printed).not.toMatch(/planted/)
      expect(printed).toContain('The message is withheld')
      expect(printed).toContain('    at ')
    }
  })

  it('of a parser is withheld, because it quotes what it has read', async () => {
    const message = `Unexpected token 'x', "{${PLANTED.slice(0, 5)}" is not valid JSON`
    const { event } = await failWith(new SyntaxError(message))
    expect(inspect(event, { depth: 20 })).not.toContain('Unexpected')
  })

  it('may be its own cause', async () => {
    const error = new Error('write failed')
    error.cause = error
    expect((await failWith(error)).thrown).toMatchObject({ code: 'store_unavailable' })
  })

  it('keeps its name and its stack, which lead to the cause', async () => {
    const { event } = await failWith(errorOf())
    expect(event).toMatchObject({ error: { name: 'RangeError', stack: expect.stringContaining('errorOf') as string } })
  })

  it.each([PLANTED, { text: PLANTED }, undefined])('that is no Error is not printed: %j', async (reason) => {
    const { event, thrown } = await failWith(reason)
    expect(inspect([event, thrown], { depth: 20, showHidden: true })).not.toContain(PLANTED)
    const error = { message: 'The driver gave no Error as the reason.' }
    expect(event).toMatchObject({ type: 'store_failure', error })
  })
})
