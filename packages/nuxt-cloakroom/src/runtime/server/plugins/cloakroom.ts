import { storeOpeners } from '#cloakroom-stores'
import { startDiagnosis } from '../diagnose/start'
import { install } from '../nitro/install'
import { definePlugin } from '../nitro/platform'
import { sessionViewForPage } from '../utils/session-view'

/** Starts the module with the server. */
export default definePlugin((app) => {
  if (import.meta.prerender) return
  const cloakroom = install(app, storeOpeners)
  app.hooks.hook('request', (event) => {
    event.context.sessionView = () => sessionViewForPage(event)
  })
  if (cloakroom.config.diagnose) startDiagnosis(app)
})
