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

/** The page asks as soon as it is told, and before the answer it would do so with the cookie that has just died. */
it('a page is told of its own sign-in when the request that did it has been answered, and not before', async () => {
  const visitor = new FixtureVisitor(server)
  await visitor.post('/api/sign-in', { owner: 'ada' })
  const { cookie } = visitor
  let heard = ''
  const stream = await fetch(`${server.url}/api/_session/events`, { headers: { cookie } })
  const wholeStream = stream.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write: text => void (heard += text) }))
  await eventually(() => expect(heard).toContain('event: hello'))
  const body = new TransformStream<Uint8Array>()
  const answer = fetch(`${server.url}/api/slow-sign-in`, { method: 'POST', headers: { cookie, origin: FIXTURE_ORIGIN }, body: body.readable, duplex: 'half' } as RequestInit)
  const writer = body.writable.getWriter()
  void writer.write(new TextEncoder().encode('a part of the body'))
  await eventually(async () => expect((await visitor.get('/api/_session')).json()).toMatchObject({ session: null }))
  await visitor.get('/api/_session')
  expect(heard.match(/^event: .*$/gm)).toEqual(['event: hello'])
  await writer.close()
  expect((await answer).headers.getSetCookie()).toHaveLength(1)
  await wholeStream
  expect(heard.match(/^event: .*$/gm)).toEqual(['event: hello', 'event: changed'])
})
