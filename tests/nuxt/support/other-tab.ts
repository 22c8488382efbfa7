import { useNuxtApp } from '#imports'
import type { AppScope } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/app-scope'
import { useAppScope } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/app-scope'

/** The channel of another tab of this app. Close it. */
export function openOtherTab(): BroadcastChannel {
  const { name } = useNuxtApp().runWithContext(useAppScope) as AppScope
  return new BroadcastChannel(name)
}
