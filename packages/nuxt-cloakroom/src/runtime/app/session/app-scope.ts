import { useRuntimeConfig } from '#imports'
import type { LoadStrategy } from '../../shared/load-strategy'
import { EVENTS_PATH } from '../../shared/routes'

/** The module's public runtime configuration. */
interface PublicConfig {
  readonly cookieName: string
  readonly loadStrategy: LoadStrategy
}

/** What tells this app from others on the same origin. */
export interface AppScope {
  /** Of the channel and the lock that the app's tabs share. */
  readonly name: string
  readonly eventsUrl: string
}

export function usePublicConfig(): PublicConfig {
  return useRuntimeConfig().public.cloakroom as PublicConfig
}

export function useAppScope(): AppScope {
  const { baseURL } = useRuntimeConfig().app
  return {
    name: `cloakroom:${baseURL}:${usePublicConfig().cookieName}`,
    eventsUrl: baseURL.replace(/\/$/, '') + EVENTS_PATH,
  }
}
