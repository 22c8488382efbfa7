import { ConfigError } from './errors'

/** Segments of letters that are written in one way only, so that what is compared letter for letter is also what the router sees. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/
const OWN_ROUTES = '/api/_session'

/**
 * Reads a comma-separated list of exact paths, each from the root and without a slash at its end.
 *
 * @throws ConfigError for a pattern, a query, an encoded or empty segment, a duplicate, or one of the layer's own routes
 */
export function parseWebhookPaths(variable: string, list: string): string[] {
  if (list === '') return []
  const paths = list.split(',').map(entry => entry.trim())
  paths.forEach((path, index) => {
    const fail = (problem: string): never => {
      throw new ConfigError(variable, problem, 'List exact paths, separated by commas, such as /api/webhooks/payment.')
    }
    if (!PATH.test(path)) fail(`has "${path}", which is no exact path`)
    if (`${path}/`.startsWith(`${OWN_ROUTES}/`)) fail(`has "${path}", a route that changes sessions`)
    if (paths.indexOf(path) !== index) fail(`lists ${path} twice`)
  })
  return paths
}
