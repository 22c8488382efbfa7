import type { BuiltServer } from '../support/server.ts'
import { expect, test } from '../support/fixtures.ts'
import { COOKIE_NAME, sessionPage, UUID } from '../support/session-page.ts'
import { changeWith } from '../support/store.ts'

const CALLS = 20

interface Secrets {
  readonly secretHash: string
  readonly previous: { readonly hash: string } | null
}

/** The only session in the store; `change` first makes its secret as old as can be. */
function secretsOf(app: BuiltServer, change: 'rotation due' | 'nothing' = 'nothing'): Secrets {
  return changeWith(app.storeFile, (store) => {
    if (change === 'rotation due') store.exec('UPDATE sessions SET value = json_set(value, \'$.rotatedAt\', 0)')
    const [row] = store.prepare('SELECT value FROM sessions ORDER BY created_at DESC LIMIT 1').all() as { value: string }[]
    return JSON.parse(row!.value) as Secrets
  })
}

test('parallel calls of a page over a periodic rotation all succeed, with one change of the secret (F6)', async ({ page, context, app }) => {
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const session = await value.inputValue()
  const before = secretsOf(app, 'rotation due')
  const cookieBefore = (await context.cookies()).find(({ name }) => name === COOKIE_NAME)!.value
  const answers = await page.evaluate(({ calls, session }) => Promise.all(Array.from({ length: calls }, async () => {
    const answer = await fetch('/api/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session }) })
    return [answer.status, await answer.json()]
  })), { calls: CALLS, session })
  const after = secretsOf(app)

  expect(answers).toEqual(Array.from({ length: CALLS }, () => [200, { message: 'Success!' }]))
  expect(after.previous?.hash).toBe(before.secretHash)
  expect(after.secretHash).not.toBe(before.secretHash)
  expect((await context.cookies()).find(({ name }) => name === COOKIE_NAME)!.value).not.toBe(cookieBefore)
  await send.click()
  await expect(success).toBeVisible()
  expect(secretsOf(app)).toEqual(after)
})
