import type { RouteLocationNormalized } from '#vue-router'

/** Where to sign in, to be led back to `fullPath` afterwards. */
export function signInLocation(signIn: string, fullPath: string) {
  return { path: signIn, query: { returnTo: fullPath } }
}

/** Whether the `auth` middleware stands before this page. */
export function isProtected({ meta }: Pick<RouteLocationNormalized, 'meta'>): boolean {
  return [meta.middleware].flat().includes('auth')
}
