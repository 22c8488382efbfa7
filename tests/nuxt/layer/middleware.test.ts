import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError } from 'h3'
import { beforeEach, describe, expect, it } from 'vitest'
import { clearError, useError, useRouter, useState, useUserSession } from '#imports'
import type { KnownSession } from '../../../layers/session/app/session/known'
import { nothingKnown } from '../../../layers/session/app/session/known'
import { HOUR, sessionOf, viewOf } from '../support/views'

const server = { owner: null as string | null, isDown: false, asked: 0 }

registerEndpoint('/api/_session', () => {
  server.asked++
  if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
  if (!server.owner) return viewOf({ session: null, data: null, cookie: null })
  const now = Date.now()
  const session = sessionOf({ handle: 'h1', owner: server.owner, createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR })
  return viewOf({ status: 'signed-in', session, data: { id: 'h1', user: { id: server.owner, name: server.owner } }, now })
})
registerEndpoint('/api/_session/devices', () => [])

async function inApp<Result>(act: () => Result | Promise<Result>): Promise<Result> {
  let answer!: Promise<Result>
  const { unmount } = await mountSuspended({
    setup() {
      answer = Promise.resolve(act())
      return () => null
    },
  })
  const result = await answer
  unmount()
  return result
}

/** Goes there as a link does, and answers where that led, or the error that is shown. */
const go = (path: string) => inApp(async () => {
  const [router, error] = [useRouter(), useError()]
  await router.push(path).catch(() => {}) // Is shown, if it is to be seen.
  return error.value ?? router.currentRoute.value.fullPath
})

const learn = () => inApp(() => useUserSession().fetch())

beforeEach(async () => {
  Object.assign(server, { owner: null, isDown: false })
  await inApp(async () => {
    await clearError()
    useState<KnownSession>('session').value = nothingKnown()
    await useRouter().push('/')
  })
  server.asked = 0
})

describe('a page behind the auth middleware', () => {
  it('is shown to whoever is signed in', async () => {
    server.owner = 'ada'
    expect(await go('/devices')).toBe('/devices')
  })

  it('sends a stranger to sign in, with the way back', async () => {
    expect(await go('/devices?a=1#b')).toBe('/sign-in?returnTo=/devices?a=1%23b')
  })

  it('asks nobody again what is known', async () => {
    server.owner = 'ada'
    await learn()
    await go('/devices')
    expect(server.asked).toBe(1)
  })

  it('is not shown while nobody knows who it is, and nobody is sent to sign in: an error that can be tried again', async () => {
    server.isDown = true
    expect(await go('/devices?a=1')).toMatchObject({ status: 503, data: { path: '/devices?a=1' } })
    expect(await inApp(() => useUserSession().status.value)).toBe('unknown')

    await inApp(() => clearError())
    server.isDown = false
    server.owner = 'ada'
    expect(await go('/devices?a=1')).toBe('/devices?a=1')
  })

  it('is shown in an outage to whoever was known before, whose data routes are asked all the same', async () => {
    server.owner = 'ada'
    await learn()
    server.isDown = true
    await learn()
    expect(await go('/devices')).toBe('/devices')
  })
})

describe('a page behind the guest middleware', () => {
  it('is shown to strangers, and while nobody knows who it is', async () => {
    expect(await go('/sign-in')).toBe('/sign-in')
    await go('/')
    await inApp(() => void (useState<KnownSession>('session').value = nothingKnown()))
    server.isDown = true
    expect(await go('/sign-in?returnTo=/devices')).toBe('/sign-in?returnTo=/devices')
  })

  it.each([['', '/'], ['?returnTo=/devices', '/devices'], ['?returnTo=//evil.example', '/'], ['?returnTo=/sign-in', '/']])('sends whoever is signed in on: %s', async (query, target) => {
    server.owner = 'ada'
    expect(await go(`/sign-in${query}`)).toBe(target)
  })
})
