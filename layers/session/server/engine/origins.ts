import { ConfigError } from './errors'

/**
 * Reads a comma-separated list of exact origins. Anything a browser would not send letter for letter in `Origin` is
 * refused at start, because such an entry would silently never match.
 *
 * @throws ConfigError for `*`, `null`, a path, a query, a trailing slash, a duplicate, or plain http outside development
 */
export function parseOrigins(variable: string, list: string, dev: boolean): string[] {
  if (list === '') return []
  const origins = list.split(',').map(entry => parseOrigin(variable, entry.trim(), dev))
  origins.forEach((origin, index) => {
    if (origins.indexOf(origin) !== index) throw new ConfigError(variable, `lists ${origin} twice`, 'List each origin once.')
  })
  return origins
}

function parseOrigin(variable: string, entry: string, dev: boolean): string {
  const fail = (problem: string): never => {
    throw new ConfigError(variable, problem, 'List exact origins, separated by commas, such as https://app.example.com,https://localhost:3000.')
  }
  if (entry === '') return fail('has an empty entry')
  if (entry.includes('*')) return fail('has a wildcard, which can never go together with credentials')
  if (!URL.canParse(entry)) return fail(`has "${entry}", which is not an origin (a scheme, a host and, if need be, a port)`)
  const { origin, protocol } = new URL(entry)
  if (origin !== entry) return fail(`has "${entry}", which a browser would send as "${origin}"`)
  if (protocol !== 'https:' && !dev) return fail(`has "${entry}", which is not https`)
  return origin
}
