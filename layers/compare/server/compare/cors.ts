import type { ServerSettings } from '../../shared/compare/scenarios'

const ANOTHER_ORIGIN = 'https://app.example'

/**
 * The CORS headers of an answer, right or wrong as the scenario wants them. Preflights are never remembered, so that
 * each is seen.
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
