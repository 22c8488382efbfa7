import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { eventually } from '../support/eventually.ts'

let server: FixtureServer

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(() => server?.dispose())

// A page refreshes as soon as it is notified. Before the response it would do so with the cookie that has just been
// invalidated.
it('a page is notified of its own sign-in only after the response to the request that signed in', async () => {
  const visitor = new FixtureVisitor(server)
  await visitor.post('/api/sign-in', { userId: 'ada' })
  const { cookie } = visitor
  let received = ''
  const events = () => received.match(/^event: .*$/gm)
  const stream = await fetch(`${server.url}/api/_session/events`, { headers: { cookie } })
  const write = (text: string) => {
    received += text
  }
  const streamEnd = stream.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }))
  await eventually(() => expect(received).toContain('event: hello'))
  const body = new TransformStream<Uint8Array>()
  const response = fetch(`${server.url}/api/slow-sign-in`, {
    method: 'POST',
    headers: { cookie, origin: FIXTURE_ORIGIN },
    body: body.readable,
    duplex: 'half',
  } as RequestInit)
  const writer = body.writable.getWriter()
  void writer.write(new TextEncoder().encode('a part of the body'))
  await eventually(async () => expect((await visitor.get('/api/_session')).json()).toMatchObject({ session: null }))
  await visitor.get('/api/_session')
  expect(events()).toEqual(['event: hello'])
  await writer.close()
  expect((await response).headers.getSetCookie()).toHaveLength(1)
  await streamEnd
  expect(events()).toEqual(['event: hello', 'event: changed'])
})
