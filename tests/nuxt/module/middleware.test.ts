import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Router } from '#vue-router'
import { clearError, useError, useNuxtApp, useRouter, useUserSession } from '#imports'
import { resetServer, server, startSession } from '../support/session-server'
import { forgetSession } from '../support/session-state'

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

/** Where the session's end leads to. */
async function pathAfterEnd(router: Router, session: ReturnType<typeof useUserSession>) {
  Object.assign(server, { userId: null, id: '', ended: 'revoked' })
  const left = new Promise<void>((resolve) => {
    const stop = router.afterEach(() => {
      stop()
      resolve()
    })
  })
  await session.fetch()
  await left
  return router.currentRoute.value.fullPath
}

const fetchSession = () => inApp(() => useUserSession().fetch())

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

  it('is left when the session ends, also after a further page was refused', async () => {
    startSession('ada')
    expect(await inApp(async () => {
      const [router, session] = [useRouter(), useUserSession()]
      await router.push('/devices')
      const allow = router.beforeEach(({ query }) => query.refused === undefined)
      await router.push('/devices?refused')
      allow()
      return pathAfterEnd(router, session)
    })).toBe('/sign-in?returnTo=/devices')
  })

  it('is left for the sign-in page in the user’s language, although that is known later', async () => {
    startSession('ada')
    expect(await inApp(async () => {
      const [router, session] = [useRouter(), useUserSession()]
      const nuxtApp = useNuxtApp() as { $localePath?: (path: string) => string }
      await router.push('/devices')
      nuxtApp.$localePath = path => path === '/sign-in' ? '/' : path
      const path = await pathAfterEnd(router, session)
      delete nuxtApp.$localePath
      return path
    })).toBe('/?returnTo=/devices')
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
