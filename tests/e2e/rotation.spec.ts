import type { BuiltServer } from '../support/server.ts'
import { expect, test } from '../support/fixtures.ts'
import { sessionCookie, sessionPage, UUID } from '../support/session-page.ts'
import { changeWith } from '../support/store.ts'

const CALLS = 20

interface Secrets {
  readonly secretHash: string
  readonly previous: { readonly hash: string } | null
}

/** The secrets of the newest session in the store, which `change` can make due for rotation first. */
function secretsOf(app: BuiltServer, change: 'rotation due' | 'nothing' = 'nothing'): Secrets {
  return changeWith(app.storeFile, (store) => {
    if (change === 'rotation due') store.exec('UPDATE sessions SET value = json_set(value, \'$.rotatedAt\', 0)')
    const row = store.prepare('SELECT value FROM sessions ORDER BY created_at DESC LIMIT 1').get()
    return JSON.parse((row as { value: string }).value) as Secrets
  })
}

test('parallel calls of a page during a rotation all succeed with one new secret', async ({ page, context, app }) => {
  await page.goto('/')
  const { value, send, success } = sessionPage(page)
  await expect(value).toHaveValue(UUID)
  const session = await value.inputValue()
  const before = secretsOf(app, 'rotation due')
  const cookieBefore = await sessionCookie(context)
  const responses = await page.evaluate(({ calls, session }) => Promise.all(Array.from({ length: calls }, async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/api/session', { method: 'POST', headers, body: JSON.stringify({ session }) })
    return [response.status, await response.json()]
  })), { calls: CALLS, session })
  const after = secretsOf(app)

  expect(responses).toEqual(Array.from({ length: CALLS }, () => [200, { message: 'Success!' }]))
  expect(after.previous?.hash).toBe(before.secretHash)
  expect(after.secretHash).not.toBe(before.secretHash)
  expect(await sessionCookie(context)).not.toBe(cookieBefore)
  await send.click()
  await expect(success).toBeVisible()
  expect(secretsOf(app).secretHash).toBe(after.secretHash)
})
