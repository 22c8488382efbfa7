import { describe, expect, it } from 'vitest'
import { TestBrowser, TestRequest, createTestEngine, openVisit, settled } from '../../support/engine'

/** An engine, a log of its events, and requests whose response the test holds back. */
function setUp() {
  const { engine } = createTestEngine()
  const log: string[] = []
  engine.events.subscribe((event) => {
    if (event.type === 'sessions_changed') log.push(`sessions of ${event.userId} changed`)
    if (event.type !== 'signed_in') return
    log.push(`signed in to ${event.id}`)
    void event.responseSent.then(() => log.push(`response sent to ${event.id}`))
  })
  const browsers = new Map<string, TestBrowser>()
  return {
    log,
    async visit(device = 'a phone') {
      const browser = browsers.get(device) ?? new TestBrowser(engine)
      browsers.set(device, browser)
      let respond!: () => void
      const responseSent = new Promise<void>(resolve => (respond = resolve))
      const request = Object.assign(new TestRequest(browser, engine.clock()), { responseSent })
      const { session } = await openVisit(engine, request, browser.header)
      return { session, respond }
    },
  }
}

describe('signIn', () => {
  it('emits signed_in at once, and sessions_changed for both users after its response has been sent', async () => {
    const { log, visit } = setUp()
    const first = await visit()
    await first.session.signIn('ada')
    first.respond()
    await settled()
    log.length = 0
    const { session, respond } = await visit()
    await session.signIn('bob')
    await settled()
    expect(log).toEqual([`signed in to ${session.id}`])
    respond()
    await settled()
    expect(log.slice(1).sort()).toEqual([
      `response sent to ${session.id}`, 'sessions of ada changed', 'sessions of bob changed',
    ])
  })
})

describe.each(['signOut', 'revoke', 'revokeOthers', 'revokeAll'] as const)('%s', (method) => {
  it('emits sessions_changed only after its response has been sent', async () => {
    const { log, visit } = setUp()
    for (const device of ['a phone', 'a desktop']) {
      const { session, respond } = await visit(device)
      await session.signIn('ada')
      respond()
    }
    await settled()
    log.length = 0
    const { session, respond } = await visit('a phone')
    await (method === 'revoke' ? session.revoke(session.id!) : session[method]())
    await settled()
    expect(log).toEqual([])
    respond()
    await settled()
    expect(log).toEqual(['sessions of ada changed'])
  })
})
