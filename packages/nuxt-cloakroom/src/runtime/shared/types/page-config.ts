import type { RouteLocationNormalized, RouteLocationRaw } from '#vue-router'

/** A page: a path, a route such as `{ name: 'login' }`, or a function that returns one. */
export type PageLocation = RouteLocationRaw | ((to: RouteLocationNormalized) => RouteLocationRaw)

/**
 * The `cloakroom` entry of `app.config.ts`: where the middleware sends visitors. With `@nuxtjs/i18n`, a path leads to
 * the page in the visitor's language.
 */
export interface PageConfig {
  /**
   * Where the `auth` middleware sends visitors who are not signed in, with `returnTo` in the query. Default `/sign-in`.
   */
  signIn?: PageLocation
  /** Where the `guest` middleware sends signed-in users, unless `returnTo` names a page of this app. Default `/`. */
  home?: PageLocation
}

// The module sets no defaults in the app's configuration: Nuxt would call a function of the app to merge it with them.
declare module 'nuxt/schema' {
  interface AppConfigInput {
    cloakroom?: PageConfig
  }
}
