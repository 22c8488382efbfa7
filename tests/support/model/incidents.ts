import assert from 'node:assert/strict'
import type { SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import { REVOCATION_LIFETIME_MS } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { sweep } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/sweep'
import { increment, refused } from '../../../packages/nuxt-cloakroom/src/testing/track'
import { Visitor } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import { SECOND } from '../engine'
import { endsAt, isRotationDue, isTouchDue, replaceSecret, sweepSession, touch } from './model'
import { assertCookie, beginRequest, collectCookie, deliver, presentCookie, retryRemoval } from './request'
import type { OpenRequest } from './request'
import type { Step } from './steps'
import type { World } from './world'
import { itemOf, startProcessOf } from './world'

/** After one more, an engine would not call its store for a second. */
const MAX_FAILURES_IN_ROW = 4

type StepOf<Type extends Step['type']> = Extract<Step, { type: Type }>

/** A request that counts as activity. */
export async function browse(world: World, step: StepOf<'browse'>): Promise<void> {
  const process = itemOf(world.processes, step.process)!
  const presented = world.browsers[step.browser]!
  const visitor = new Visitor(process.engine, presented?.value)
  process.takeEvents()
  await visitor.touch()
  await process.untilTouched()
  const current = presented && presentCookie(world, presented, process)
  const now = process.clock()
  const isRotated = current !== null && isRotationDue(current, now)
  if (isRotated) replaceSecret(current, now, true)
  if (current && (isRotated || isTouchDue(current, now))) touch(current, now)
  const request = { browser: step.browser, visitor, current, presented, sent: null }
  collectCookie(world, request)
  assertCookie(request)
  deliver(world, request, step.lost)
}

/** A page whose parts count at the same time. Each increment that is acknowledged counts. */
export async function countTogether(world: World, { browser, process, count }: StepOf<'together'>): Promise<void> {
  // The first request may send a new cookie, and the second one presents it, so the parts have only to write.
  for (let request = 0; request < 2; request++) {
    deliver(world, await beginRequest(world, browser, process), false)
  }
  const { found, presented } = await beginRequest(world, browser, process)
  if (!found || !isSafelyActive(world, found)) return
  const visitors = Array.from({ length: count }, (_, part) =>
    new Visitor(itemOf(world.processes, process + part)!.engine, presented!.value))
  const outcomes = await Promise.all(visitors.map(visitor => visitor.request(increment).catch(refused)))
  const saved = outcomes.filter(outcome => outcome === true).length
  assert.ok(!outcomes.includes(false), 'no update of an active session is dropped')
  found.data.count = (found.data.count ?? 0) + saved
}

/** A sign-out that the store does not accept. It stays pending in the memory of the process. */
export async function signOutInOutage(world: World, { browser, process, lost }: StepOf<'outage'>): Promise<void> {
  const request = await beginRequest(world, browser, process)
  const { found, session, visitor, process: { pending, duringOutage } } = request
  if (found && mayFail(request)) {
    await assert.rejects(duringOutage(() => session.signOut()), { code: 'store_unavailable' })
    assert.equal(visitor.cookie, undefined, 'the browser\'s cookie is cleared')
    pending.set(found, found.userId)
  }
  deliver(world, request, lost)
}

/** An update that the store does without an answer. If it is not acknowledged, it may be saved or not. */
export async function updateUnanswered(world: World, { browser, process, lost }: StepOf<'unanswered'>): Promise<void> {
  const request = await beginRequest(world, browser, process)
  const { found, session, visitor, process: { observer, duringOutage } } = request
  if (found && mayFail(request)) {
    const updating = duringOutage(() => session.update({ key0: world.steps }))
    const outcome = await updating.catch(({ code }: SessionError) => code)
    assert.ok([true, 'store_unavailable'].includes(outcome), 'an update without an answer does not count as dropped')
    const { data } = await new Visitor(observer, visitor.cookie).begin()
    if (outcome === true || data.key0 === world.steps) found.data.key0 = world.steps
  }
  deliver(world, request, lost)
}

export async function sweepStore(world: World, number: number): Promise<void> {
  const process = itemOf(world.processes, number)!
  const now = process.clock()
  await sweep(process.engine)
  for (const session of process.pending.keys()) retryRemoval(process, session)
  process.failuresInRow = 0
  if (!world.options.store.isSwept) return
  for (const session of world.sessions) sweepSession(session, now)
  for (const [userId, at] of world.revokedAt) if (at + REVOCATION_LIFETIME_MS <= now) world.revokedAt.delete(userId)
}

/** A process ends, with its requests and all that it kept in memory. Another one starts on the same store. */
export async function crash(world: World, pick: number): Promise<void> {
  const process = itemOf(world.processes, pick)!
  const { store, prepared } = world.options
  await prepared.close(process.driver)
  startProcessOf(world, world.processes.indexOf(process))
  world.requests = world.requests.filter(request => request.process !== process)
  if (!store.remembersRevocations) world.revokedAt.clear()
}

function mayFail({ process }: OpenRequest): boolean {
  const isAllowed = process.failuresInRow < MAX_FAILURES_IN_ROW
  if (isAllowed) process.failuresInRow++
  return isAllowed
}

/** At every process, and in none of them is a removal pending. */
function isSafelyActive({ processes, now }: World, session: Parameters<typeof endsAt>[0]): boolean {
  return now < endsAt(session) - SECOND && processes.every(({ pending }) => !pending.has(session))
}
