import { consola } from 'consola'
import type { PageSession } from '../../shared/types/augmentations'
import type { SessionView } from '../../shared/types/session'
import { isSpeculative } from '../http/request-headers'
import type { RequestEvent } from '../nitro/platform'
import { nodeRequestOf } from '../nitro/platform'
import { maySessionBeUsed, useServerSession } from '../nitro/request-session'
import { explainCache, isMeantForCaches, sessionRuleOf } from '../nitro/route-rules'
import { RETRY_AFTER_SECONDS } from '../nitro/upgrade-guard'
import { SessionError } from '../sessions/errors'
import { sessionView } from './session-view'
import { clearUserSession } from './user-session'

/** Pages that {@link RequestPageSession.reportUnknown} has reported. Any client can ask for pages by any path. */
const reported = new Set<string>()
const MAX_REPORTED = 100
const MAX_REPORTED_CHARACTERS = 256

/** The session of the request for a page that is being rendered; opening a page is activity. */
export class RequestPageSession implements PageSession {
  readonly #event: RequestEvent
  #isRequired = false

  constructor(event: RequestEvent) {
    this.#event = event
  }

  get isCacheable(): boolean {
    return !maySessionBeUsed(this.#event) || (!this.#isRequired && isMeantForCaches(this.#event))
  }

  require(): boolean {
    const isDeferred = maySessionBeUsed(this.#event) && this.isCacheable
    this.#isRequired = true
    return isDeferred
  }

  reportUnknown(): void {
    if (maySessionBeUsed(this.#event)) {
      nodeRequestOf(this.#event).res.setHeader('retry-after', RETRY_AFTER_SECONDS)
      return
    }
    const path = this.#event.path.split('?', 1)[0]!.slice(0, MAX_REPORTED_CHARACTERS)
    if (reported.has(path) || reported.size >= MAX_REPORTED) return
    reported.add(path)
    const cause = sessionRuleOf(this.#event) === false
      ? 'A route rule session: false switches sessions off there: remove the rule or the middleware.'
      : explainCache(this.#event)
    consola.error(`[cloakroom] ${path} has the middleware auth, and responds with 503. ${cause}`)
  }

  /**
   * Returns `unknown` if the store does not respond, or if the page goes into a cache and is the same for every
   * visitor: the page is rendered all the same.
   */
  async view(): Promise<SessionView | 'unknown'> {
    const event = this.#event
    if (this.isCacheable) return 'unknown'
    try {
      return await sessionView(event, await useServerSession(event))
    }
    catch (error) {
      if (error instanceof SessionError && error.code === 'store_unavailable') return 'unknown'
      throw error
    }
  }

  /** A prefetch is no activity. */
  async extend(): Promise<boolean> {
    const session = await useServerSession(this.#event)
    return session.exists && (this.#isSpeculative || session.extend())
  }

  /** A prefetch ends nothing: the browser ends the session when the page is opened. @throws Error on a cached page */
  async clear(): Promise<void> {
    if (!this.#isSpeculative) await clearUserSession(this.#event)
  }

  get #isSpeculative(): boolean {
    return isSpeculative(this.#event.method, this.#event.node.req.headers)
  }
}
