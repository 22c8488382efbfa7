import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { clearError, useError, useRouter, useState, useUserSession } from '#imports'
import type { SessionState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'
import { initialState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'
import { resetServer, server, startSession } from '../support/session-server'

registerEndpoint('/api/_session/devices', () => [])

async function inApp<Result>(act: () => Result | Promise<Result>): Promise<Result> {
  let pending!: Promise<Result>
  const { unmount } = await mountSuspended({
    setup() {
      pending = Promise.resolve(act())
      return () => null
    },
  })
  const result = await pending
  unmount()
  return result
}

/** Navigates like a link, and returns the path that it led to, or the error that is shown. */
const go = (path: string) => inApp(async () => {
  const [router, error] = [useRouter(), useError()]
  await router.push(path).catch(() => {}) // The error page shows it if it is fatal.
  return error.value ?? router.currentRoute.value.fullPath
})

const fetchSession = () => inApp(() => useUserSession().fetch())

function forgetSession() {
  useState<SessionState>('cloakroom').value = initialState()
}

beforeEach(async () => {
  await resetServer()
  await inApp(async () => {
    await clearError()
    forgetSession()
    await useRouter().push('/')
  })
  server.requests = 0
})

describe('a page with the auth middleware', () => {
  it('is shown to a signed-in user', async () => {
    startSession('ada')
    expect(await go('/devices')).toBe('/devices')
  })

  it('sends an anonymous visitor to the sign-in page, with the way back', async () => {
    expect(await go('/devices?a=1#b')).toBe('/sign-in?returnTo=/devices?a=1%23b')
  })

  it('sends no request if the session is already known', async () => {
    startSession('ada')
    await fetchSession()
    await go('/devices')
    expect(server.requests).toBe(1)
  })

  it('is replaced by a retryable error, and not by the sign-in page, while the session is unknown', async () => {
    server.isDown = true
    expect(await go('/devices?a=1')).toMatchObject({ status: 503, data: { path: '/devices?a=1' } })
    expect(await inApp(() => useUserSession().status.value)).toBe('unknown')

    await inApp(() => clearError())
    server.isDown = false
    startSession('ada')
    expect(await go('/devices?a=1')).toBe('/devices?a=1')
  })

  it('is shown during an outage to a user who was signed in before it', async () => {
    startSession('ada')
    await fetchSession()
    server.isDown = true
    await fetchSession()
    expect(await go('/devices')).toBe('/devices')
  })
})

describe('a page with the guest middleware', () => {
  it('is shown to an anonymous visitor, and while the session is unknown', async () => {
    expect(await go('/sign-in')).toBe('/sign-in')
    await go('/')
    await inApp(forgetSession)
    server.isDown = true
    expect(await go('/sign-in?returnTo=/devices')).toBe('/sign-in?returnTo=/devices')
  })

  it.each([
    ['', '/'],
    ['?returnTo=/devices', '/devices'],
    ['?returnTo=//evil.example', '/'],
    ['?returnTo=/sign-in', '/'],
  ])('sends a signed-in user from /sign-in%s to %s', async (query, target) => {
    startSession('ada')
    expect(await go(`/sign-in${query}`)).toBe(target)
  })
})
