import { hasCustomEntry, storeOpeners } from '#cloakroom-stores'
import { startDiagnosis } from '../diagnose/start'
import { install } from '../nitro/install'
import { passRequestOn } from '../nitro/pass-request'
import { definePlugin } from '../nitro/platform'
import { RequestPageSession } from '../utils/page-session'

/** Starts the module with the server. */
export default definePlugin((app) => {
  if (import.meta.prerender) return
  passRequestOn()
  const cloakroom = install(app, { storeOpeners, hasCustomEntry })
  app.hooks.hook('request', (event) => {
    event.context.pageSession = new RequestPageSession(event)
  })
  if (cloakroom.config.diagnose) startDiagnosis(app)
})
