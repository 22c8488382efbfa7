import { perform } from './actions'
import { compare } from './compare'
import { browse, countTogether, crash, signOutInOutage, sweepStore, updateUnanswered } from './incidents'
import { endsAt, opens } from './model'
import { assertCookie, beginRequest, collectCookie, deliver } from './request'
import type { Action, Step } from './steps'
import type { World } from './world'
import { itemOf } from './world'

/** Takes a step with the real engines and with the model. @throws AssertionError if they differ */
export async function takeStep(world: World, step: Step): Promise<void> {
  await take(world, step)
  world.steps++
  await compare(world)
}

async function take(world: World, step: Step): Promise<void> {
  switch (step.type) {
    case 'request': return sendRequest(world, step)
    case 'browse': return browse(world, step)
    case 'together': return countTogether(world, step)
    case 'outage': return signOutInOutage(world, step)
    case 'unanswered': return updateUnanswered(world, step)
    case 'finish': return finishRequest(world, step)
    case 'sweep': return sweepStore(world, step.process)
    case 'crash': return crash(world, step.process)
    case 'begin': return beginEarly(world, step)
    case 'steal':
      world.browsers[step.browser] = itemOf(world.cookies, step.pick) ?? null
      break
    case 'wait':
      world.now += step.milliseconds
      break
    case 'expire': waitForExpiry(world, step)
  }
}

function waitForExpiry(world: World, { browser, offset }: Step & { type: 'expire' }) {
  const session = world.browsers[browser]?.session
  if (session && !session.ended) world.now = Math.max(world.now, endsAt(session) + offset)
}

async function beginEarly(world: World, { browser, process, signsIn }: Step & { type: 'begin' }) {
  const cookie = world.browsers[browser]
  const { clock } = itemOf(world.processes, process)!
  if (signsIn && !(cookie && opens(cookie, clock()))) {
    const action: Action = { type: 'signIn', user: 0, remember: false, keepData: false }
    await sendRequest(world, { type: 'request', browser, process, lost: false, action })
  }
  world.requests.push(await beginRequest(world, browser, process))
}

async function sendRequest(world: World, { browser, process, action, lost }: Step & { type: 'request' }) {
  const request = await beginRequest(world, browser, process)
  await perform(world, request, action)
  collectCookie(world, request)
  assertCookie(request)
  deliver(world, request, lost)
}

async function finishRequest(world: World, { pick, action, lost }: Step & { type: 'finish' }) {
  const request = itemOf(world.requests, pick)
  if (!request) return
  world.requests = world.requests.filter(other => other !== request)
  request.isLate = true
  await perform(world, request, action)
  collectCookie(world, request)
  deliver(world, request, lost)
}
