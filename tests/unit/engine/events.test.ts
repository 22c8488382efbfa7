import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { MINUTE, cookieOf, makeBench, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'
import { expectConsole } from '../../support/console'

const SECRET_DATA = 'my-diary-entry'

/** Goes through all that can happen to a session, and collects every cookie, secret and hash on the way. */
async function wholeLife() {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver, config: { maxPerOwner: '1', onSecretReuse: 'revoke' } })
  const browser = bench.browser()
  const cookies: string[] = []
  const note = () => void (browser.cookie && cookies.push(browser.cookie))
  await (await browser.visit()).session.update({ diary: SECRET_DATA })
  note()
  await (await browser.visit()).session.signIn('ada', { data: { diary: SECRET_DATA } })
  note()
  bench.time.advance(15 * MINUTE)
  const old = browser.copy()
  await browser.browse()
  note()
  await (await bench.browser().visit()).session.signIn('ada')
  await (await browser.visit()).session.update({ diary: SECRET_DATA })
  note()
  bench.time.advance(MINUTE)
  await old.visit()
  const slow = await browser.visit()
  await (await browser.copy().visit()).session.signOut()
  await slow.session.update({ diary: SECRET_DATA })
  await bench.engine.load(cookieOf('forged-cookie-value'))
  await bench.engine.load(`${cookieOf('one-value')}; ${cookieOf('other-value')}`)
  const rows = await Promise.all((await bench.driver.getKeys('', {})).map(key => bench.driver.read(key)))
  await settled()
  return { ...bench, store, cookies, values: rows.map(row => row!.value) }
}

describe('events', () => {
  it('tell what happened by public handles only', async () => {
    const { events, typesOfEvents } = await wholeLife()
    expect(new Set(typesOfEvents())).toEqual(new Set(['created', 'signed_in', 'rotated', 'ended', 'refused', 'late_save_dropped']))
    for (const event of events) {
      expect(Object.keys(event).every(name => ['type', 'handle', 'reason'].includes(name)), JSON.stringify(event)).toBe(true)
      if ('handle' in event) expect(event.handle).toMatch(/^[\w-]{16}$/)
    }
  })

  it('contain no cookie, no key of the store, no hash and no data', async () => {
    const { events, cookies, values, driver } = await wholeLife()
    const log = JSON.stringify(events)
    const hashes = values.flatMap(value => Object.values(JSON.parse(value) as Record<string, unknown>).filter(part => typeof part === 'string' && part.length > 20))
    expect(cookies).toHaveLength(4)
    for (const secret of [...cookies, ...hashes, ...await driver.getKeys('', {}), SECRET_DATA, 'forged-cookie-value', 'one-value']) expect(log).not.toContain(secret)
  })
})

describe('what the store is given', () => {
  it('contains no cookie and no secret', async () => {
    const { browser, driver, engine } = makeBench()
    const visitor = browser()
    await (await visitor.visit()).session.signIn('ada')
    const { ticket } = (await engine.load(visitor.header))!
    const keys = await driver.getKeys('', {})
    const stored = JSON.stringify([keys, await Promise.all(keys.map(key => driver.read(key)))])
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(stored).not.toContain(ticket.sid.toString(encoding))
      expect(stored).not.toContain(ticket.secret.toString(encoding))
    }
    expect(stored).not.toContain(visitor.cookie)
  })
})

describe('a listener that fails', () => {
  it('harms no request', async () => {
    const bench = makeBench()
    bench.events.push = () => {
      throw new Error('the log is full')
    }
    expectConsole('error', /^\[session\] A listener of created failed: Error: the log is full/)
    const { session, request } = await bench.browser().visit()
    await session.update({ a: 1 })
    expect(request.sent).toHaveLength(1)
  })
})
