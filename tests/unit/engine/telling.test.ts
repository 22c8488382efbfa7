import { expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { parseConfig } from '../../../layers/session/server/engine/config'
import { SessionEngine } from '../../../layers/session/server/engine/engine'
import { ServerSession } from '../../../layers/session/server/engine/session'
import { newRing, settled, TestBrowser, TestRequest } from '../../support/engine'

/** An engine, what it tells others, and requests whose answer the test holds back. */
function setUp() {
  const told: string[] = []
  const engine = new SessionEngine({
    driver: memoryDriver(),
    ring: newRing(),
    config: parseConfig({}),
    ownerChanged: owner => void told.push(`list of ${owner}`),
    signedIn: (handle, answered) => {
      told.push(`sign-in of ${handle}`)
      void answered.then(() => told.push(`answer to ${handle}`))
    },
  })
  const browsers = new Map<string, TestBrowser>()
  return {
    told,
    async visit(device = 'a phone') {
      const browser = browsers.get(device) ?? new TestBrowser(engine)
      browsers.set(device, browser)
      let answer!: () => void
      const answered = new Promise<void>(resolve => answer = resolve)
      const request = Object.assign(new TestRequest(browser, engine.clock()), { answered })
      return { session: new ServerSession(engine, request, await engine.load(browser.header)), answer }
    },
  }
}

it('a sign-in is told at once, and that the lists have changed only when its request is answered', async () => {
  const { told, visit } = setUp()
  const first = await visit()
  await first.session.signIn('ada')
  first.answer()
  await settled()
  told.length = 0
  const { session, answer } = await visit()
  await session.signIn('bob')
  await settled()
  expect(told).toEqual([`sign-in of ${session.handle}`])
  answer()
  await settled()
  expect(told.slice(1).sort()).toEqual([`answer to ${session.handle}`, 'list of ada', 'list of bob'])
})

it.each(['signOut', 'revoke', 'revokeOthers', 'revokeAll'] as const)('%s sends no page asking before the request has its answer', async (verb) => {
  const { told, visit } = setUp()
  for (const device of ['a phone', 'a desktop']) {
    const { session, answer } = await visit(device)
    await session.signIn('ada')
    answer()
  }
  await settled()
  told.length = 0
  const { session, answer } = await visit('a phone')
  await (verb === 'revoke' ? session.revoke(session.handle!) : session[verb]())
  await settled()
  expect(told).toEqual([])
  answer()
  await settled()
  expect(told).toEqual(['list of ada'])
})
