import { DEVICES_PATH, EXTEND_PATH, SESSION_PATH } from '../../shared/routes'
import { defineHandler, methodNotAllowed } from '../nitro/platform'

/** The methods of each route; of a device's own route, without the id. */
const METHODS: Record<string, string> = {
  [SESSION_PATH]: 'GET, DELETE',
  [EXTEND_PATH]: 'POST',
  [DEVICES_PATH]: 'GET, DELETE',
}

/** Responds with 405 to the methods that a route of this module does not have. */
export default defineHandler((event) => {
  const path = event.path.split('?', 1)[0]!.replace(/\/$/, '')
  throw methodNotAllowed(event, METHODS[path] ?? 'DELETE')
})
