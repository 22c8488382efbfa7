import { useNuxtApp } from '#imports'
import { initialState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'
import type { SessionState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'

/** Makes the page forget its session, as if it had not been loaded. */
export function forgetSession(): void {
  const payload = useNuxtApp().payload as { cloakroom?: SessionState }
  payload.cloakroom = initialState()
}
