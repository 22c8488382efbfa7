import { LRUCache } from 'lru-cache'
import type { Clock } from './clock'
import { readCookie } from './cookie'
import type { SessionConfig } from './config'
import type { EventSink } from './events'
import { handleOf, hashSecret, sameHash, storeKeyOf, successorOf } from './identity'
import type { KeyRing } from './key-ring'
import type { KnownRecord, LiveSession } from './record'
import { idleEnd, liveSession } from './record'
import type { OpenedTicket, Ticket } from './seal'
import { open } from './seal'
import type { StoredRecord } from './store'

/** Far above a sealed ticket's 108 characters; anything longer is refused before any cryptography. */
const LONGEST_COOKIE = 512
const OPENED_TICKETS = 10_000
/** Characters of a record that is kept parsed beside its opened ticket. Most are half of that; 10,000 with 800 take 27 MB. */
const LONGEST_KNOWN = 1024

/** A ticket with what is derived from it, so that no hash is computed twice for one cookie. */
export interface Presented extends OpenedTicket {
  readonly key: string
  readonly secretHash: string
  /** What the store had when it was last asked; it is asked all the same. */
  known: KnownRecord | null
  /** Since {@link Admission.forgetIdle} last came by. */
  used: boolean
}

/** A session whose bearer has proved it. `ticket` is what the browser should hold from now on. */
export interface Admitted {
  readonly live: LiveSession
  readonly ticket: Ticket
  /** The browser holds something older than `ticket`, or the same under an old key: give it a new cookie. */
  readonly stale: 'secret' | 'key' | null
}

/** A request that is called back about its cookie. */
export interface CookieWitness {
  /** No key sealed the cookie. */
  forgedCookie(): void
  /** The cookie is the one from just before a sign-in or a rotation: its browser has another one by now. */
  supersededCookie(): void
}

export type Refusal = 'unknown' | 'ended' | 'corrupt_record' | 'superseded' | 'secret_reuse'

/** By how much the clocks of two servers may differ without harm, in milliseconds. */
const CLOCK_TOLERANCE = 1000

/** Decides who a cookie lets in. Absence, expiry and forgery all make the visitor a stranger, with no clearing cookie. */
export class Admission {
  readonly #opened = new LRUCache<string, Presented>({ max: OPENED_TICKETS })

  constructor(
    private readonly ring: KeyRing,
    private readonly config: Pick<SessionConfig, 'cookieName' | 'rotationGrace'>,
    private readonly clock: Clock,
    private readonly emit: EventSink,
  ) {}

  /** Reads and opens the session cookie of a raw `Cookie` header. Never asks the store. */
  present(header: string | undefined, witness?: Pick<CookieWitness, 'forgedCookie'>): Presented | null {
    const { cookieName } = this.config
    const cookie = readCookie(header, cookieName)
    if (cookie.kind === 'absent') return null
    if (cookie.kind === 'duplicate') return this.#refuse('duplicate_cookie')
    const known = this.#opened.get(cookie.value)
    if (known) return known
    const ticket = cookie.value.length <= LONGEST_COOKIE ? open(this.ring, cookieName, cookie.value) : null
    if (!ticket) {
      witness?.forgedCookie()
      return this.#refuse('forged')
    }
    const presented = { ...ticket, key: storeKeyOf(ticket.sid), secretHash: hashSecret(ticket.secret), known: null, used: true }
    this.#opened.set(copyOf(cookie.value), presented)
    return presented
  }

  /** Forgets what sessions hold that nobody has used since the last call: a session may have ended without its cookie ever coming back. */
  forgetIdle(): void {
    for (const presented of this.#opened.values()) {
      if (!presented.used) presented.known = null
      presented.used = false
    }
  }

  /** The store key that a session cookie names, whether it lets anybody in or not. Reports nothing: whoever asks has been refused already. */
  keyOf(header: string | undefined): string | null {
    const cookie = readCookie(header, this.config.cookieName)
    if (cookie.kind !== 'present') return null
    const known = this.#opened.get(cookie.value)
    if (known) return known.key
    const ticket = cookie.value.length <= LONGEST_COOKIE ? open(this.ring, this.config.cookieName, cookie.value) : null
    return ticket && storeKeyOf(ticket.sid)
  }

  /** Checks a presented ticket against the record the store has for it, and reports what is odd. */
  admit(presented: Presented, row: StoredRecord | null): Admitted | Refusal {
    const outcome = row ? this.#check(presented, row) : 'unknown'
    if (typeof outcome === 'string') presented.known = null // What a session held that is over does not stay in memory.
    if (outcome === 'unknown') this.#refuse('unknown')
    else if (outcome === 'corrupt_record' || outcome === 'secret_reuse') this.emit({ type: outcome, handle: handleOf(presented.key) })
    return outcome
  }

  /** The session in a row, unless it is broken or has ended. */
  alive(key: string, row: StoredRecord): LiveSession | null {
    const live = liveSession(key, row)
    return live && this.clock() < idleEnd(live) ? live : null
  }

  /** The session as `presented` proves it: by the current secret, or by the one before within its grace. */
  prove(presented: Presented, live: LiveSession): Admitted | null {
    const { secretHash, previous, rotatedAt } = live.record
    if (sameHash(presented.secretHash, secretHash)) {
      return { live, ticket: presented, stale: presented.sealedByCurrentKey ? null : 'key' }
    }
    if (!previous || !sameHash(presented.secretHash, previous.hash)) return null
    const now = this.clock()
    // The lower bound keeps a clock that was set back from giving the grace a second time.
    if (now < rotatedAt - CLOCK_TOLERANCE || now >= previous.until) return null
    return { live, ticket: { sid: presented.sid, secret: successorOf(presented.secret, previous.salt) }, stale: 'secret' }
  }

  #check(presented: Presented, row: StoredRecord): Admitted | Refusal {
    const live = liveSession(presented.key, row, presented.known)
    if (!live) return 'corrupt_record'
    presented.used = true
    if (live.record !== presented.known?.record) presented.known = row.value.length <= LONGEST_KNOWN ? { text: row.value, record: live.record } : null
    if (this.clock() >= idleEnd(live)) return 'ended'
    return this.prove(presented, live) ?? (this.#isOvertaken(presented, live) ? 'superseded' : 'secret_reuse')
  }

  /** A request that was under way while its own browser signed in carries the secret before: nobody's theft. */
  #isOvertaken({ secretHash }: Presented, { record: { previous, rotatedAt } }: LiveSession): boolean {
    return previous?.until === 0 && sameHash(secretHash, previous.hash) && Math.abs(this.clock() - rotatedAt) < this.config.rotationGrace
  }

  #refuse(reason: 'forged' | 'duplicate_cookie' | 'unknown'): null {
    this.emit({ type: 'refused', reason })
    return null
  }
}

/** The same letters in memory of their own: a part that was cut out of a header would hold on to all 16 KiB of it. */
function copyOf(sealed: string): string {
  return Buffer.from(sealed, 'latin1').toString('latin1')
}
