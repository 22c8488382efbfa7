import type { CookieFacts, CookieOutcome } from '../../shared/types/diagnosis'
import { Admission } from '../engine/admission'
import type { CookieWitness, Presented } from '../engine/admission'
import { cookieAttributes, readCookie } from '../engine/cookie'
import type { SessionEngine } from '../engine/engine'
import { SessionError } from '../engine/errors'
import { handleOf } from '../engine/identity'
import type { KeyRing } from '../engine/key-ring'
import { idleEnd, liveSession } from '../engine/record'
import type { LiveSession } from '../engine/record'
import { sealFault } from '../engine/seal'
import type { EndReason, StoredRecord } from '../engine/store'
import type { LastKnown } from './last-known'

/** Name and value together (RFC 6265 §6.1); browsers keep no more, and say nothing. */
const MOST_COOKIE_BYTES = 4096

type Found = Pick<CookieFacts, 'outcome' | 'endedAt'>

export interface InspectorOptions {
  readonly engine: SessionEngine
  readonly ring: KeyRing
  readonly lastKnown: LastKnown
}

/**
 * Takes a `Cookie` header the way that a request's session takes it, and says how far it comes. Lets nobody in: it reports nothing, ends nothing, slides no clock and writes nothing,
 * and of a session it tells only why and when it ended.
 */
export class Inspector {
  readonly #admission: Admission

  constructor(private readonly options: InspectorOptions) {
    const { engine, ring } = options
    // The engine's own would report what it refuses, as if somebody had tried to get in with it.
    this.#admission = new Admission(ring, engine.config, engine.clock, () => {})
  }

  async inspect(header: string | undefined, witness?: Pick<CookieWitness, 'forgedCookie'>): Promise<CookieFacts> {
    const { cookieName: name, crossSite } = this.options.engine.config
    const cookie = readCookie(header, name)
    const attributes = cookieAttributes({ name, crossSite })
    if (cookie.kind !== 'present') return { name, attributes, outcome: cookie.kind, bytes: null, endedAt: null }
    const bytes = name.length + cookie.value.length // Node decodes headers byte by byte.
    const presented = this.#admission.present(header, witness)
    const found = presented ? await this.#ask(presented) : { outcome: this.#fault(cookie.value, bytes), endedAt: null }
    return { name, attributes, bytes, ...found }
  }

  #fault(value: string, bytes: number): CookieOutcome {
    return bytes > MOST_COOKIE_BYTES ? 'over_4096' : sealFault(this.options.ring, value)
  }

  async #ask(presented: Presented): Promise<Found> {
    const { store, removals } = this.options.engine
    const owed = removals.reasonOwed(presented.key)
    if (owed) return { outcome: owed, endedAt: null }
    try {
      const row = await store.ask('read', driver => driver.read(presented.key))
      if (row) return this.#judge(presented, row)
      return this.#afterwards(presented.key, await store.ask('endOf', driver => driver.endOf(presented.key)))
    }
    catch (error) {
      if (error instanceof SessionError && error.code === 'store_unavailable') return { outcome: 'store_unavailable', endedAt: null }
      throw error
    }
  }

  /** There is a record: the engine's own judgement of it, in the words of a finding. */
  #judge(presented: Presented, row: StoredRecord): Found {
    const verdict = this.#admission.admit(presented, row)
    presented.known = null // Nothing here comes often enough to be worth keeping.
    if (typeof verdict === 'object') return { outcome: 'alive', endedAt: null }
    if (verdict === 'ended') return clockOf(endsOf(liveSession(presented.key, row)!))
    return { outcome: verdict === 'secret_reuse' ? 'old_secret' : verdict === 'unknown' ? 'no_record' : verdict, endedAt: null }
  }

  /** There is none any more. A tombstone does not say which clock it was, and a swept record leaves none: then what this process saw of the session may tell. */
  #afterwards(key: string, end: { reason: EndReason, at: number } | null): Found {
    if (end && end.reason !== 'expired') return { outcome: end.reason, endedAt: end.at }
    const ends = this.options.lastKnown.endsOf(handleOf(key))
    if (ends && this.options.engine.clock() >= Math.min(ends.idle, ends.absolute)) return clockOf(ends)
    return end ? { outcome: 'expired', endedAt: null } : { outcome: 'no_record', endedAt: null }
  }
}

/** When each clock of a session runs out; the earlier ends it. Milliseconds since the epoch. */
export interface Ends {
  readonly idle: number
  readonly absolute: number
}

function endsOf(live: LiveSession): Ends {
  return { idle: idleEnd(live), absolute: live.record.expiresAt }
}

function clockOf({ idle, absolute }: Ends): Found {
  return idle < absolute ? { outcome: 'expired_idle', endedAt: idle } : { outcome: 'expired_absolute', endedAt: absolute }
}
