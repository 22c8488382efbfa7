import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const BODY = { a: [1, 'ü'] }
const TEXT = JSON.stringify(BODY)

describe('a body in another app', () => {
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'))
    visitor = new FixtureVisitor(server)
  })

  afterAll(() => server?.dispose())

  it.each([
    ['json-then-body', [BODY, BODY]],
    ['json-then-validated', [BODY, BODY]],
    ['json-then-raw', [BODY, TEXT]],
    ['json-then-web', [BODY, BODY]],
    ['json-then-json', [BODY, BODY]],
    ['body-then-json', [BODY, BODY]],
    ['raw-then-json-then-body', [TEXT, BODY, BODY]],
    ['none-then-body', [null, BODY]],
    ['body-then-none', [BODY, null]],
    ['json-and-body', [BODY, BODY]],
    ['body-and-json', [BODY, BODY]],
  ])('is shared by all readers: %s', async (order, expected) => {
    expect((await visitor.post(`/api/body/${order}`, BODY)).json()).toEqual(expected)
  })

  it.each(['h3', 'express'])('is read by readJson after a middleware has read it (%s)', async (first) => {
    expect((await visitor.post(`/api/body/json?first=${first}`, BODY)).json()).toEqual([BODY])
    expect((await visitor.post(`/api/body/none?first=${first}`, BODY)).status).toBe(200)
  })

  it('causes an error that names the reason if a middleware has read it and kept it to itself', async () => {
    const response = await visitor.post('/api/body/json?first=stream', BODY)
    expect(response.status).toBe(500)
    expect(await server.linesWith('Other code has read the body of this request')).not.toEqual([])
  })

  describe.each(['', '?first=h3'])('with the limits of readJson, also after another reader (%s)', (query) => {
    it('is refused if it is too large', async () => {
      const large = { text: 'x'.repeat(64 * 1024) }
      expect((await visitor.post(`/api/body/json${query}`, large)).status).toBe(413)
      expect((await visitor.post(`/api/body/none${query}`, large)).status).toBe(413)
    })

    it('is refused if it is not JSON, or not declared as JSON', async () => {
      const send = (type: string, body: string) => fetch(`${server.url}/api/body/json${query}`, {
        method: 'POST', headers: { 'content-type': type }, body,
      })
      expect((await send('application/json', '{"__proto__": 1}')).status).toBe(400)
      expect((await send('application/json', '[1,')).status).toBe(400)
      expect((await send('text/plain', TEXT)).status).toBe(415)
    })
  })

  it('that is too large ends a later reader with the same error, and does not make it wait', async () => {
    const large = { text: 'x'.repeat(64 * 1024) }
    expect((await visitor.post('/api/body/json-and-body', large)).status).toBe(413)
  })
})
