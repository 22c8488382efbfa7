import type {
  APIRequestContext, APIResponse, BrowserContext, Fixtures, PlaywrightTestArgs, PlaywrightTestOptions,
  PlaywrightWorkerArgs, PlaywrightWorkerOptions, TestType, WorkerInfo,
} from '@playwright/test'
import { SESSION_PATH } from '../runtime/shared/routes'

type TestArgs = PlaywrightTestArgs & PlaywrightTestOptions
type WorkerArgs = PlaywrightWorkerArgs & PlaywrightWorkerOptions
type StorageState = Awaited<ReturnType<APIRequestContext['storageState']>>
type Cookie = StorageState['cookies'][number]
type Open = (state?: StorageState) => Promise<APIRequestContext>

/**
 * Signs a user in, by requests to the app, with the options of the project (`extraHTTPHeaders` and so on) and the
 * `Origin` of the app.
 *
 * @param worker its `parallelIndex` tells workers apart that run at the same time: give each one a user of its own if
 * tests change what a user has
 */
export type SignIn = (request: APIRequestContext, worker: WorkerInfo) => Promise<unknown>

/**
 * Playwright's `test` with a signed-in user in `page` and `context`. Each worker signs in separately, and the session
 * cookie goes from one test to the next: an active session gets a new secret now and then, so a cookie that was saved
 * once is no longer valid after a while. In each test, other cookies and the local storage are as they were after the
 * sign-in. A test whose session ends, or that signs in as another user, is followed by a new sign-in. Tests
 * with a `storageState` of their own are left alone.
 *
 * @param base Playwright's `test`, or one that extends it. It needs `baseURL`; that of an app with a base path ends
 * with a slash
 * @throws Error in a test, if no user is signed in after `signIn`
 */
export function signedIn<Test extends object, Worker extends object>(
  base: TestType<Test & TestArgs, Worker & WorkerArgs>,
  signIn: SignIn,
): TestType<Test & TestArgs, Worker & WorkerArgs> {
  const fixtures: Fixtures<object, { sessionOfWorker: WorkerSession }, TestArgs, WorkerArgs> = {
    sessionOfWorker: [async ({ playwright: _ }, use, worker) => {
      await use(new WorkerSession(request => signIn(request, worker)))
    }, { scope: 'worker' }],
    async storageState({
      playwright, sessionOfWorker, baseURL, extraHTTPHeaders, ignoreHTTPSErrors, httpCredentials, proxy,
      clientCertificates,
    }, use) {
      if (!baseURL) throw new Error('[cloakroom] signedIn needs use.baseURL in the configuration of Playwright.')
      const options = {
        extraHTTPHeaders: { origin: new URL(baseURL).origin, ...extraHTTPHeaders },
        ...{ baseURL, ignoreHTTPSErrors, httpCredentials, proxy, clientCertificates },
      }
      const open: Open = storageState => playwright.request.newContext({ ...options, storageState })
      await use(await sessionOfWorker.start(open))
    },
    async context({ context, sessionOfWorker }, use) {
      await use(context)
      await sessionOfWorker.keep(context)
    },
  }
  return base.extend(fixtures as never) as never
}

/** The session of a worker, from one test to the next. */
class WorkerSession {
  readonly #signIn: (request: APIRequestContext) => Promise<unknown>
  /** After the sign-in. */
  #state: StorageState | undefined
  #userId: string | null = null
  /** Whether the test that runs has got `#state`. */
  #isUsed = false

  constructor(signIn: (request: APIRequestContext) => Promise<unknown>) {
    this.#signIn = signIn
  }

  /** The state of a signed-in user. */
  async start(open: Open): Promise<StorageState> {
    const state = await this.#continue(open) ?? await this.#begin(open)
    this.#state = state
    this.#isUsed = true
    return state
  }

  /** Takes the session cookie over that a test has left. */
  async keep(context: BrowserContext): Promise<void> {
    if (!this.#isUsed) return // The test has a state of its own.
    this.#isUsed = false
    const left = await context.cookies().catch(() => []) // The test may have closed it.
    const newest = (cookie: Cookie) => left.find(({ name, domain }) => name === cookie.name && domain === cookie.domain)
    const cookies = this.#state!.cookies.map(cookie => isSessionCookie(cookie) ? newest(cookie) ?? cookie : cookie)
    this.#state = { ...this.#state!, cookies }
  }

  /** The state that the last test has left, if it is still that of the same user. */
  async #continue(open: Open): Promise<StorageState | undefined> {
    if (!this.#state) return undefined
    const request = await open(this.#state)
    const userId = await userIdOf(request)
    const state = await request.storageState()
    await request.dispose()
    return userId !== null && userId === this.#userId ? state : undefined
  }

  async #begin(open: Open): Promise<StorageState> {
    const request = await open()
    const response = await this.#signIn(request)
    this.#userId = await userIdOf(request)
    const state = await request.storageState()
    await request.dispose()
    if (this.#userId === null) throw notSignedIn(response)
    return state
  }
}

/** The one of the module, whatever its name is: nothing else has this prefix in most apps, and it does no harm. */
function isSessionCookie({ name }: Cookie): boolean {
  return name.startsWith('__Host-')
}

function notSignedIn(response: unknown): Error {
  const { status, url } = Object(response) as Partial<APIResponse>
  const details = status && url ? `: it responded with ${status.call(response)} at ${url.call(response)}` : ''
  return new Error(`[cloakroom] After the sign-in of the tests, no user is signed in${details}.`)
}

async function userIdOf(request: APIRequestContext): Promise<string | null> {
  const response = await request.get(`.${SESSION_PATH}`)
  if (!response.ok()) throw new Error(`[cloakroom] ${response.url()} responded with ${response.status()}.`)
  const { session } = await response.json() as { session: { userId: string | null } | null }
  return session?.userId ?? null
}
