import type { ServerSettings } from '../../shared/compare/scenarios'

const ANOTHER_ORIGIN = 'https://app.example'

/**
 * Returns the CORS headers of a response, right or wrong as the scenario requires. Preflights are never cached, so
 * that each of them reaches the server.
 */
export function corsHeadersFor(
  { cors }: ServerSettings,
  pageOrigin: string,
  isPreflight: boolean,
): Record<string, string> {
  if (!cors || (isPreflight && !cors.answersPreflight)) return {}
  const allowOrigin = { 'page': pageOrigin, 'another': ANOTHER_ORIGIN, '*': '*' }[cors.allowOrigin]
  return {
    'access-control-allow-origin': allowOrigin,
    ...(cors.allowCredentials && { 'access-control-allow-credentials': 'true' }),
    ...(isPreflight && {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '0',
    }),
  }
}
