import { ConfigError } from '../sessions/errors'

const FIX = 'List exact origins, separated by commas, for example https://app.example.com,https://localhost:3000.'

/**
 * Parses a comma-separated list of exact origins. An entry that no browser sends character for character in `Origin`
 * stops the start, because it would never match.
 *
 * @param setting named in the error
 * @param dev whether plain-http origins are allowed
 * @throws ConfigError for `*`, `null`, a path, a query, a trailing slash, a duplicate, or plain http outside
 * development
 */
export function parseOrigins(setting: string, list: string, dev: boolean): string[] {
  if (list === '') return []
  const origins = list.split(',').map(entry => parseOrigin(setting, entry.trim(), dev))
  origins.forEach((origin, index) => {
    if (origins.indexOf(origin) === index) return
    throw new ConfigError(setting, `lists ${origin} twice`, 'List each origin once.')
  })
  return origins
}

function parseOrigin(setting: string, entry: string, dev: boolean): string {
  const fail = (problem: string): never => {
    throw new ConfigError(setting, problem, FIX)
  }
  if (entry === '') return fail('has an empty entry')
  if (entry.includes('*')) return fail('has a wildcard, which is not allowed with credentials')
  if (!URL.canParse(entry)) return fail(`has "${entry}", which is not an origin (a scheme, a host and, if needed, a `
    + `port)`)
  const { origin, protocol } = new URL(entry)
  if (origin !== entry) return fail(`has "${entry}", which a browser would send as "${origin}"`)
  if (protocol !== 'https:' && !dev) return fail(`has "${entry}", which is not https`)
  return origin
}
