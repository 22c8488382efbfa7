import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Diagnosis } from '../../layers/session/shared/types/diagnosis'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'
import { FixtureVisitor } from './fixture-visitor.ts'

export const DIAGNOSE = '/api/_session/diagnose'

/** What a proxy says of a request that came to it over HTTPS, under the app's own name. */
export const BY_HTTPS = { 'x-forwarded-proto': 'https', 'host': new URL(FIXTURE_ORIGIN).host }

export interface Asking {
  readonly headers?: Record<string, string>
  readonly path?: string
}

/** Asks a fixture server about a cookie; throws unless it answers. */
export async function askDiagnosis(server: FixtureServer, cookie?: string, { headers = {}, path = DIAGNOSE }: Asking = {}): Promise<Diagnosis> {
  // Not by fetch, which lets nobody say another Host.
  const [response] = await once(get(server.url + path, { agent: false, headers: { ...BY_HTTPS, ...(cookie === undefined ? {} : { cookie }), ...headers } }), 'response') as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}: ${body}`)
  return JSON.parse(body) as Diagnosis
}

export async function signedInVisitor(server: FixtureServer, owner = 'ada'): Promise<FixtureVisitor> {
  const visitor = new FixtureVisitor(server)
  await visitor.post('/api/sign-in', { owner })
  return visitor
}

/** The names of headers, sorted. */
export function headerNames(headers: Headers): string[] {
  return [...headers.keys()].sort()
}
