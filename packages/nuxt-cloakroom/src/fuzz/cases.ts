import { Canaries } from './canaries'
import { body } from './cases/bodies'
import type { CaseContext } from './cases/context'
import { forgedCookie } from './cases/cookies'
import { framing } from './cases/framing'
import { header } from './cases/headers'
import { crossOrigin } from './cases/origins'
import { path } from './cases/paths'
import { read } from './cases/reads'
import { upgrade } from './cases/upgrades'
import { Random } from './random'
import type { CanaryPlace, Draft, FuzzRequest, FuzzTarget } from './request'
import { buildRequest } from './request'

type Case = (context: CaseContext) => Draft

/** The kinds of requests, which take turns. */
const CASES: Readonly<Record<string, Case>> = {
  cookies: forgedCookie,
  origins: crossOrigin,
  bodies: body,
  headers: header,
  reads: read,
  framing,
  paths: path,
  upgrades: upgrade,
}

/** The names of the kinds, in the order in which they take turns. */
export const KINDS: readonly string[] = Object.keys(CASES)

/**
 * Returns request number `index` of a run. The same seed, number and target always give the same request, whatever was
 * sent before it. The target includes the cookies, and the server chooses others for each new session.
 */
export function createRequest(seed: number, index: number, target: FuzzTarget): FuzzRequest {
  const kind = KINDS[index % KINDS.length]!
  const canaries = new Canaries(seed)
  const canary = (place: CanaryPlace) => canaries.of(index, place)
  const draft = CASES[kind]!({ random: new Random(seed, index), target, canary })
  return buildRequest(draft, target, { index, kind, canary })
}
