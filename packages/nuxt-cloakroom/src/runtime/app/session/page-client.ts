import type { Ref } from 'vue'
import type { useNuxtApp } from '#imports'
import type { EndListener } from '../../shared/types/session'
import { withView } from './session-state'
import type { SessionState } from './session-state'

/** The session while a page is rendered on the server: that of the request for the page. */
export class PageClient {
  readonly endListeners = new Set<EndListener>()
  readonly changeListeners = new Set<() => void>()
  readonly #nuxtApp: ReturnType<typeof useNuxtApp>
  readonly #state: Ref<SessionState>
  #loading: Promise<void> | undefined

  constructor(nuxtApp: ReturnType<typeof useNuxtApp>, state: Ref<SessionState>) {
    this.#nuxtApp = nuxtApp
    this.#state = state
  }

  get id(): string | null {
    return this.#state.value.view?.session?.id ?? null
  }

  /** Reads the session, once for all callers. @throws Error if the `fetch` hook fails */
  load(): Promise<void> {
    return this.#loading ??= this.#read()
  }

  /** Reads it again. */
  async refresh(): Promise<boolean> {
    await this.#read()
    return !this.#state.value.stale
  }

  /** Moves the idle clock. Returns `false` if there is no session. */
  async extend(): Promise<boolean> {
    const isExtended = await this.#page?.extend() ?? false
    await this.#read()
    return isExtended
  }

  /** Ends the session of the page's request. @throws Error if the page has no visitor */
  async clear(): Promise<void> {
    if (!this.#page) throw new Error('[cloakroom] clear() needs a visitor, and this page is being prerendered.')
    await this.#page.clear()
    await this.#read()
  }

  get #page() {
    return this.#nuxtApp.ssrContext?.event.context.pageSession
  }

  /**
   * An error page knows no user: caches that go by a path's ending store a 404 for `/account/foo.css` (cache
   * deception).
   */
  async #read() {
    try {
      const view = this.#nuxtApp.payload.error ? 'unknown' : await this.#page?.view() ?? 'unknown'
      this.#state.value = view === 'unknown' ? { ...this.#state.value, stale: true } : withView(this.#state.value, view)
    }
    catch (error) {
      this.#state.value = { ...this.#state.value, stale: true }
      throw error
    }
  }
}
