import { RENDERS_PAGE } from '../../shared/rendering'
import { INTERNAL_CALL, currentEvent } from './guard'

type Fetch = typeof globalThis.$fetch

/**
 * Makes the global `$fetch` pass the visitor's request on when a page calls one of the app's own routes while it is
 * rendered. Nuxt does that for `useFetch` only; otherwise `useAsyncData(() => $fetch('/api/me'))` is anonymous on the
 * server. Call it before the first page is rendered: the bundle of the pages keeps `$fetch` as it finds it.
 *
 * Which page makes a call is taken from the asynchronous context. Nuxt's own record of the current page does not do: it
 * is gone after an `await`, and it can still hold the page of another visitor.
 */
export function passRequestOn(): void {
  globalThis.$fetch = passingRequest(globalThis.$fetch)
}

function passingRequest(original: Fetch): Fetch {
  const call = (fetch: (request: string, options?: object) => unknown) => (request: unknown, options?: object) =>
    fetch(request as string, isOwnPath(request) ? { context: contextOfCall(), ...options } : options)
  return Object.assign(call(original as never), original, {
    raw: call(original.raw as never),
    create: (...args: Parameters<Fetch['create']>) => passingRequest(original.create(...args)),
  }) as unknown as Fetch
}

/** The context of the page that is being rendered right here. A server route decides itself what it passes on. */
function contextOfCall(): object {
  const context = currentEvent()?.context as { [RENDERS_PAGE]?: true } | undefined
  return context?.[RENDERS_PAGE] ? context : INTERNAL_CALL
}

function isOwnPath(request: unknown): boolean {
  return typeof request === 'string' && request.startsWith('/') && !request.startsWith('//')
}
