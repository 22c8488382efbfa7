import assert from 'node:assert/strict'
import type { ServerSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import type { RaceData } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import { Visitor } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import type { ModelCookie, ModelSession } from './model'
import { end, endsAt, isActive, opens } from './model'
import type { ModelProcess } from './process'
import type { World } from './world'
import { itemOf } from './world'

/** A request that has begun: the real one, and what the model knows of it. */
export interface OpenRequest {
  readonly browser: number
  readonly process: ModelProcess
  readonly visitor: Visitor
  readonly session: ServerSession<RaceData>
  readonly startedAt: number
  readonly presented: ModelCookie | null
  /** The session that the cookie opened, with its user, its data and its generation at that time. */
  readonly found: ModelSession | null
  readonly userId: string | null
  readonly data: RaceData
  readonly generation: number
  /** Whether the cookie held an old secret of an active session: the visitor may have signed in in the meantime. */
  readonly isOutdated: boolean
  /** The session that the request uses now. */
  current: ModelSession | null
  /** The last cookie in its response. */
  sent: ModelCookie | null
  /** Whether other things happened since it began. */
  isLate: boolean
}

/** The part of a request that concerns the browser. */
type Response = Pick<OpenRequest, 'browser' | 'visitor' | 'current' | 'presented' | 'sent'>

/** Begins a request, and checks that it sees the right session. */
export async function beginRequest(world: World, browser: number, number: number): Promise<OpenRequest> {
  const process = itemOf(world.processes, number)!
  const presented = world.browsers[browser]!
  const visitor = new Visitor(process.engine, presented?.value)
  process.takeEvents()
  const session = await visitor.begin()
  const found = presented && presentCookie(world, presented, process)
  assert.deepEqual(
    { id: session.id, userId: session.userId, data: session.data },
    { id: found?.id ?? null, userId: found?.userId ?? null, data: found?.data ?? {} },
  )
  const request: OpenRequest = {
    browser,
    process,
    visitor,
    session,
    startedAt: process.clock(),
    presented,
    found,
    userId: found?.userId ?? null,
    data: { ...found?.data },
    generation: found?.generation ?? 0,
    isOutdated: presented !== null && !found && isActive(presented.session, process.clock()),
    current: found,
    sent: null,
    isLate: false,
  }
  collectCookie(world, request)
  return request
}

/** What a cookie changes when it is presented. Returns the session that it opens, or `null`. */
export function presentCookie(world: World, cookie: ModelCookie, process: ModelProcess): ModelSession | null {
  const { session, secret } = cookie
  const now = process.clock()
  const isReuseReported = process.takeEvents().some(({ type }) => type === 'secret_reuse')
  retryRemoval(process, session)
  if (!session.ended && now >= endsAt(session)) end(session, 'expired', now)
  if (opens(cookie, now)) {
    assert.ok(!isReuseReported, 'a cookie that opens a session is not reported')
    if (secret === session.secret) session.firstUsedAt ??= now
    return session
  }
  assertReport(cookie, now, isReuseReported)
  if (isReuseReported && world.options.onSecretReuse === 'revoke') end(session, 'secret_reuse', now)
  return null
}

/** Ends a session whose removal failed, unless it was assigned to another user in the meantime. */
export function retryRemoval({ pending, clock }: ModelProcess, session: ModelSession): void {
  if (pending.has(session) && pending.get(session) === session.userId) end(session, 'signed_out', clock())
  pending.delete(session)
}

/** Remembers a cookie that the request has sent since the last call. It must hold the current secret. */
export function collectCookie(world: World, request: Response): void {
  const { visitor: { cookie: value }, current, presented, sent } = request
  if (value === undefined || value === (sent ?? presented)?.value) return
  assert.ok(current, 'a cookie is only sent with a session')
  request.sent = { value, session: current, secret: current.secret }
  world.cookies.push(request.sent)
}

/** Ends a request: the browser receives the cookie, or keeps its old one if the response is lost. */
export function deliver(world: World, { browser, visitor, sent }: Response, lost: boolean): void {
  if (lost || visitor.cookiesSet === 0) return
  world.browsers[browser] = visitor.cookie === undefined ? null : sent
}

/** Checks that a response has a cookie if the browser needs one, and otherwise none. */
export function assertCookie({ presented, current, visitor }: Response): void {
  const needsCookie = current && (presented?.session !== current || presented.secret !== current.secret)
  if (current) assert.equal(visitor.cookiesSet > 0, needsCookie, 'a cookie is sent if, and only if, it is needed')
}

/** A secret after its grace period is reported, and one whose successor may never have arrived is not. */
function assertReport({ session, secret }: ModelCookie, now: number, isReported: boolean) {
  if (!isActive(session, now)) return assert.ok(!isReported, 'a cookie of an ended session is not reported')
  if (secret !== session.secret - 1) return
  if (session.isRotated) assert.ok(isReported, 'a secret after its grace period is reported')
  else if (session.firstUsedAt === null) assert.ok(!isReported, 'a secret whose successor was not used is not reported')
}
