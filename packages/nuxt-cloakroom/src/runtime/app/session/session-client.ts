import type { Ref } from 'vue'
import { EXTEND_PATH, SESSION_PATH } from '../../shared/routes'
import type { EndListener, SessionEndReason, SessionView } from '../../shared/types/session'
import { endReasonOf, withEnd, withView } from './session-state'
import type { PageUser } from './page-user'
import type { SessionState } from './session-state'

const TIMEOUT_MS = 10_000
/** The time that a response in flight needs to bring the cookie that a request lacked. */
const SECOND_REQUEST_DELAY_MS = 500

/** The client in the browser, one for each Nuxt app: holds the session's state and updates it from the server. */
export class SessionClient {
  readonly endListeners = new Set<EndListener>()
  readonly changeListeners = new Set<() => void>()
  readonly pageUser: PageUser
  readonly #state: Ref<SessionState>
  readonly #now: Readonly<Ref<number>>
  readonly #pending = new Set<Promise<boolean>>()
  #loading: Promise<void> | undefined
  #requests = 0
  /** The last request that no longer counts: a later one was responded to, or the session has ended since. */
  #settled = 0
  #isSigningOut = false

  /** @param now the server's clock */
  constructor(state: Ref<SessionState>, now: Readonly<Ref<number>>, pageUser: PageUser) {
    this.#state = state
    this.#now = now
    this.pageUser = pageUser
  }

  get state(): SessionState {
    return this.#state.value
  }

  get id(): string | null {
    return this.state.view?.session?.id ?? null
  }

  get userId(): string | null {
    return this.state.view?.session?.userId ?? null
  }

  /** The first response, once for all callers. Without one the session stays unknown. */
  load(): Promise<void> {
    return this.#loading ??= this.refresh().then(() => {
      this.#loading = undefined
    })
  }

  /** Refreshes the state from the server. Returns `false` if it did not respond. */
  refresh(): Promise<boolean> {
    return this.#request(() => call('GET', SESSION_PATH))
  }

  /** Moves the idle clock. Returns `false` if the server did not. */
  extend(): Promise<boolean> {
    return this.#request(() => call('POST', EXTEND_PATH))
  }

  /** Resolves when no request is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  /** Signs out on this device. @throws FetchError if the session has not ended */
  async clear(): Promise<void> {
    this.#isSigningOut = true
    try {
      await call('DELETE', SESSION_PATH)
      this.#isSigningOut = false
      this.end('signed_out', { here: true })
    }
    catch (error) {
      // The response may be late or lost, and the session over all the same.
      if (!await this.refresh() || this.id !== null) throw error
    }
    finally {
      this.#isSigningOut = false
    }
  }

  /** The session has ended, as the event stream or another tab reports. Ignored while this tab signs out. */
  end(reason: SessionEndReason, how = { here: false }): void {
    if (this.#isSigningOut || this.id === null) return
    this.#settled = this.#requests
    this.#state.value = withEnd(this.state, reason, this.#now.value)
    this.#notifyEnd(how)
  }

  /** Something has changed, as the event stream or another tab reports. */
  changed(): void {
    // First the state: the listeners send requests as well, which would fail with a cookie that is being replaced.
    void this.refresh().then(() => {
      for (const listener of [...this.changeListeners]) listener()
    })
  }

  #request(send: () => Promise<SessionView>): Promise<boolean> {
    const request = this.#sendAndAdopt(send).finally(() => this.#pending.delete(request))
    this.#pending.add(request)
    return request
  }

  async #sendAndAdopt(send: () => Promise<SessionView>): Promise<boolean> {
    const number = ++this.#requests
    const counts = () => number > this.#settled
    try {
      let view = await send()
      if (counts() && !view.session && endReasonOf(this.state, view) === 'unknown') {
        await new Promise(resolve => setTimeout(resolve, SECOND_REQUEST_DELAY_MS))
        if (counts()) view = await send()
      }
      if (counts()) {
        this.#settled = number
        this.#adopt(view)
      }
      return true
    }
    catch (error) {
      if ((error as { status?: number }).status === 401) await this.refresh()
      else if (counts()) this.#state.value = { ...this.state, stale: true }
      return false
    }
  }

  #adopt(view: SessionView) {
    const reason = endReasonOf(this.state, view)
    this.pageUser.check(view) // First, while forms have what the former user has typed.
    this.#state.value = withView(this.state, view)
    if (reason) this.#notifyEnd({ here: this.#isSigningOut })
  }

  #notifyEnd(how: { here: boolean }) {
    const reason = this.state.ended!
    for (const listener of [...this.endListeners]) listener(reason, how)
  }
}

/** Without ofetch's retries: the caller knows better when to try again. */
function call<Result>(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<Result> {
  return $fetch<unknown>(path, { method, retry: 0, timeout: TIMEOUT_MS }) as Promise<Result>
}
