import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Diagnosis } from '../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'
import { FixtureVisitor } from './fixture-visitor.ts'

export const DIAGNOSE = '/api/_session/diagnose'

/** Headers of a request that reached the proxy over HTTPS, for the host of the fixture app. */
export const BY_HTTPS = { 'x-forwarded-proto': 'https', 'host': new URL(FIXTURE_ORIGIN).host }

export interface DiagnosisRequest {
  /** In addition to {@link BY_HTTPS}, or instead of them. */
  readonly headers?: Record<string, string>
  readonly path?: string
}

/** Requests the diagnosis of a `Cookie` header from a fixture server. Throws unless the status is 200. */
export async function askDiagnosis(
  server: FixtureServer,
  cookie?: string,
  { headers = {}, path = DIAGNOSE }: DiagnosisRequest = {},
): Promise<Diagnosis> {
  const allHeaders = { ...BY_HTTPS, ...(cookie === undefined ? {} : { cookie }), ...headers }
  // Not by fetch, which does not allow another Host header.
  const request = get(server.url + path, { agent: false, headers: allHeaders })
  const [response] = await once(request, 'response') as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 200) throw new Error(`${path} responded with ${response.statusCode}: ${body}`)
  return JSON.parse(body) as Diagnosis
}

/** Signs a user in at a fixture server. */
export async function signedInVisitor(server: FixtureServer, userId = 'ada'): Promise<FixtureVisitor> {
  const visitor = new FixtureVisitor(server)
  await visitor.post('/api/sign-in', { userId })
  return visitor
}

/** The names of headers, sorted. */
export function headerNames(headers: Headers): string[] {
  return [...headers.keys()].sort()
}
