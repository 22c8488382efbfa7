import { afterEach, describe, expect, it, vi } from 'vitest'
import { RequestPageSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/utils/page-session'

const MAX_REPORTED = 100
const error = vi.hoisted(() => vi.fn<(text: string) => void>())

vi.mock('consola', () => ({ consola: { error } }))
vi.mock('../../../packages/nuxt-cloakroom/src/runtime/server/nitro/platform', () => ({}))
vi.mock('../../../packages/nuxt-cloakroom/src/runtime/server/utils/session-view', () => ({}))
vi.mock('../../../packages/nuxt-cloakroom/src/runtime/server/utils/user-session', () => ({}))
vi.mock('../../../packages/nuxt-cloakroom/src/runtime/server/nitro/request-session', () => ({
  maySessionBeUsed: () => false,
}))
vi.mock('../../../packages/nuxt-cloakroom/src/runtime/server/nitro/route-rules', () => ({ sessionRuleOf: () => false }))

const report = (path: string) => new RequestPageSession({ path } as never).reportUnknown()

describe('the reports of pages whose session cannot be known', () => {
  afterEach(() => {
    error.mockClear()
  })

  it('are one for each path, shortened and without the query, and no more than a hundred', () => {
    for (const query of ['a', 'b']) report(`/letters?${query}`)
    for (let i = 0; i < 1000; i++) report(`/letters/${i}/${'x'.repeat(10_000)}`)
    const lines = error.mock.calls.map(([text]) => text)
    expect(lines).toHaveLength(MAX_REPORTED)
    expect(lines[0]).toMatch(/^\[cloakroom\] \/letters has the middleware auth/)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(500)
  })
})
