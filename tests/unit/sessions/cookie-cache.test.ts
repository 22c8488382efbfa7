import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { newSessionCookie, seal } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { createTestEngine, load, newRing, settled } from '../../support/engine'

const MAX_CACHED_COOKIES = 10_000

it('the cache of parsed cookies and records holds ten thousand, and drops the least recently used', async () => {
  const ring = newRing()
  const { engine, ...server } = createTestEngine({ ring })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada')
  const cached = new WeakRef((await load(engine, browser.header))!.session.record)
  const parseOthers = (count: number) => {
    for (let i = 0; i < count; i++) {
      engine.authenticator.parse({ kind: 'present', value: seal(ring, '__Host-session', newSessionCookie()) })
    }
  }
  parseOthers(MAX_CACHED_COOKIES - 1)
  await expectCollected(cached, false)
  parseOthers(1)
  await expectCollected(cached, true)
  expect(await load(engine, browser.header)).not.toBeNull() // The session itself continues.
})

async function expectCollected(reference: WeakRef<object>, isCollected: boolean) {
  await settled()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  expect(reference.deref() === undefined).toBe(isCollected)
}
