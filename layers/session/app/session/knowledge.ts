import type { Ref } from 'vue'
import type { SessionView, EndListener, SessionEnding } from '../../shared/types/session'
import { endingOf, withEnd, withView } from './known'
import type { KnownSession } from './known'

const PATH = '/api/_session'
const TIMEOUT_MS = 10_000
/** What an answer needs that is under way and brings the cookie that a question lacked. */
const ASK_AGAIN_MS = 500

/** What one Nuxt app knows of its session, and how it learns more. */
export class SessionKnowledge {
  readonly endListeners = new Set<EndListener>()
  readonly changeListeners = new Set<() => void>()
  readonly #underWay = new Set<Promise<boolean>>()
  #loading: Promise<void> | undefined
  #asked = 0
  /** The number of the last question that counts no more: one that was asked later has been answered, or the session has ended since. */
  #settled = 0
  #leaving = false

  /**
   * @param serverNow the server's clock
   * @param loadForPage on the server: learns it from the request for the page
   */
  constructor(
    private readonly known: Ref<KnownSession>,
    private readonly serverNow: Readonly<Ref<number>>,
    private readonly loadForPage?: () => Promise<void>,
  ) {}

  get handle(): string | null {
    return this.known.value.view?.session?.handle ?? null
  }

  /** The first answer: once for all who ask. Without one the session stays unknown. Fails on the server alone, with the app's own `fetch` hook. */
  load(): Promise<void> {
    return this.#loading ??= import.meta.server ? this.loadForPage!() : this.refresh().then(() => this.#loaded())
  }

  /** Asks the server how things stand. `false`: it did not say. */
  refresh(): Promise<boolean> {
    return this.#ask(() => call('GET', PATH))
  }

  /** Slides the idle clock. `false`: it did not come to that. */
  extend(): Promise<boolean> {
    return this.#ask(() => call('POST', `${PATH}/extend`))
  }

  /** Resolves when each question that is under way has been answered. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Signs out on this device. @throws FetchError where the server could not */
  async clear(): Promise<void> {
    this.#leaving = true
    try {
      await call('DELETE', PATH)
      this.#leaving = false
      this.end('signed_out', { here: true })
    }
    catch (error) {
      await this.refresh()
      throw error
    }
    finally {
      this.#leaving = false
    }
  }

  /** Somebody says that the session has ended. While this tab signs out, that is no news. */
  end(reason: SessionEnding, how = { here: false }): void {
    if (this.#leaving || this.handle === null) return
    this.#settled = this.#asked
    this.known.value = withEnd(this.known.value, reason, this.serverNow.value)
    this.#tell(how)
  }

  /** Somebody says that there is news. */
  changed(): void {
    // First with what: the listeners ask as well, and would be refused with a cookie that is being replaced.
    void this.refresh().then(() => {
      for (const listener of [...this.changeListeners]) listener()
    })
  }

  #ask(question: () => Promise<SessionView>): Promise<boolean> {
    const asking = this.#askNow(question).finally(() => this.#underWay.delete(asking))
    this.#underWay.add(asking)
    return asking
  }

  async #askNow(question: () => Promise<SessionView>): Promise<boolean> {
    const mine = ++this.#asked
    const counts = () => mine > this.#settled
    try {
      let answer = await question()
      if (counts() && !answer.session && endingOf(this.known.value, answer) === 'unknown') {
        await new Promise(resolve => setTimeout(resolve, ASK_AGAIN_MS))
        if (counts()) answer = await question()
      }
      if (counts()) {
        this.#settled = mine
        this.#adopt(answer)
      }
      return true
    }
    catch (error) {
      if ((error as { status?: number }).status === 401) await this.refresh()
      else if (counts()) this.known.value = { ...this.known.value, stale: true }
      return false
    }
  }

  #adopt(view: SessionView) {
    const ending = endingOf(this.known.value, view)
    this.known.value = withView(this.known.value, view)
    if (ending) this.#tell({ here: this.#leaving })
  }

  #tell(how: { here: boolean }) {
    const reason = this.known.value.ended!
    for (const listener of [...this.endListeners]) listener(reason, how)
  }

  #loaded() {
    this.#loading = undefined
  }
}

/** No retry by ofetch: whoever asks knows better when to ask again. */
function call<Answer>(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<Answer> {
  return $fetch<unknown>(path, { method, retry: 0, timeout: TIMEOUT_MS }) as Promise<Answer>
}
