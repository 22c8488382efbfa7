import { memoryDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, createTestEngine } from './engine'
import { probe } from './probe-driver'

/** A session that is 15 minutes old, so that its next activity rotates the secret; `old` keeps the first cookie. */
export async function dueForRotation(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver, config })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  server.time.advance(15 * MINUTE)
  return { ...server, store, browser, old: browser.copy() }
}
