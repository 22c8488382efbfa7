import { describe, expect, it } from 'vitest'
import type { SessionEvent } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/events'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { expectConsole } from '../../support/console'
import { MINUTE, cookieOf, createTestEngine, load, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

const SECRET_DATA = 'my-diary-entry'

/** Goes through all that can happen to a session, and collects every cookie and stored value on the way. */
async function wholeLife() {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver, config: { maxPerUser: '1', onSecretReuse: 'revoke' } })
  const browser = server.browser()
  const cookies: string[] = []
  const collect = () => {
    if (browser.cookie) cookies.push(browser.cookie)
  }
  await (await browser.visit()).session.update({ diary: SECRET_DATA })
  collect()
  await (await browser.visit()).session.signIn('ada', { data: { diary: SECRET_DATA } })
  collect()
  server.time.advance(15 * MINUTE)
  const old = browser.copy()
  await browser.browse()
  collect()
  await (await server.browser().visit()).session.signIn('ada')
  await (await browser.visit()).session.update({ diary: SECRET_DATA })
  collect()
  server.time.advance(MINUTE)
  await old.visit()
  const slow = await browser.visit()
  await (await browser.copy().visit()).session.signOut()
  await slow.session.update({ diary: SECRET_DATA })
  await load(server.engine, cookieOf('forged-cookie-value'))
  await load(server.engine, `${cookieOf('one-value')}; ${cookieOf('other-value')}`)
  const rows = await Promise.all((await server.driver.getKeys('', {})).map(key => server.driver.read(key)))
  await settled()
  return { ...server, store, cookies, values: rows.map(row => row!.value) }
}

/** The fields that an event of this type may have besides its type. */
function fieldsOf(type: SessionEvent['type']): string[] {
  if (type === 'sessions_changed') return ['userId']
  return type === 'signed_in' ? ['id', 'responseSent'] : ['id', 'reason']
}

describe('events', () => {
  it('name a session only by its public id, and a user only in sessions_changed', async () => {
    const { events } = await wholeLife()
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set([
      'created', 'signed_in', 'rotated', 'ended', 'refused', 'late_save_dropped', 'sessions_changed',
    ]))
    for (const event of events) {
      const allowed = ['type', ...fieldsOf(event.type)]
      expect(Object.keys(event).every(name => allowed.includes(name)), JSON.stringify(event)).toBe(true)
      if ('id' in event) expect(event.id).toMatch(/^[\w-]{16}$/)
      if ('responseSent' in event) expect(event.responseSent).toBeInstanceOf(Promise)
    }
  })

  it('contain no cookie, no store key, no hash and no data', async () => {
    const { events, cookies, values, driver } = await wholeLife()
    const log = JSON.stringify(events)
    const hashes = values
      .flatMap(value => Object.values(JSON.parse(value) as Record<string, unknown>))
      .filter(part => typeof part === 'string' && part.length > 20)
    expect(cookies).toHaveLength(4)
    const keys = await driver.getKeys('', {})
    const secrets = [...cookies, ...hashes, ...keys, SECRET_DATA, 'forged-cookie-value', 'one-value']
    for (const secret of secrets) expect(log).not.toContain(secret)
  })
})

describe('the store', () => {
  it('receives no cookie and no secret', async () => {
    const { browser, driver, engine } = createTestEngine()
    const visitor = browser()
    await (await visitor.visit()).session.signIn('ada')
    const { cookie } = (await load(engine, visitor.header))!
    const keys = await driver.getKeys('', {})
    const stored = JSON.stringify([keys, await Promise.all(keys.map(key => driver.read(key)))])
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(stored).not.toContain(cookie.sid.toString(encoding))
      expect(stored).not.toContain(cookie.secret.toString(encoding))
    }
    expect(stored).not.toContain(visitor.cookie)
  })
})

describe('a listener that throws', () => {
  it('does not make the request fail, and its error is logged', async () => {
    const server = createTestEngine()
    server.events.push = () => {
      throw new Error('the log is full')
    }
    expectConsole('error', /^\[cloakroom\] A listener for created failed: Error: the log is full/)
    const { session, request } = await server.browser().visit()
    await session.update({ a: 1 })
    expect(request.sent).toHaveLength(1)
  })
})
