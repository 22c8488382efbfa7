import { ConfigError } from '../sessions/errors'

/**
 * Segments of characters with only one spelling, so that what is compared is also what the router sees. No `.` or `..`.
 */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/
const MODULE_ROUTES = '/api/_session'

/**
 * Parses a comma-separated list of exact paths, each from the root and without a trailing slash.
 *
 * @param setting named in the error
 * @throws ConfigError for a pattern, a query, an encoded or empty segment, a duplicate, or a route of this module
 */
export function parseWebhookPaths(setting: string, list: string): string[] {
  if (list === '') return []
  const paths = list.split(',').map(entry => entry.trim())
  paths.forEach((path, index) => {
    const fail = (problem: string): never => {
      throw new ConfigError(setting, problem, 'List exact paths, separated by commas, for example '
        + '/api/webhooks/payment.')
    }
    if (!PATH.test(path)) fail(`has "${path}", which is not an exact path`)
    if (`${path}/`.startsWith(`${MODULE_ROUTES}/`)) fail(`has "${path}", a route that changes sessions`)
    if (paths.indexOf(path) !== index) fail(`lists ${path} twice`)
  })
  return paths
}
