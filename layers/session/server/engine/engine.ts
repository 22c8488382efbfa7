import { randomBytes } from 'node:crypto'
import type { Admitted } from './admission'
import { Admission } from './admission'
import type { Clock } from './clock'
import type { Lifetime, SessionConfig } from './config'
import { SessionError } from './errors'
import type { EventSink } from './events'
import { handleOf, hashSecret, storeKeyOf, successorOf } from './identity'
import type { KeyRing } from './key-ring'
import { KeyedLock } from './keyed-lock'
import type { FlatData, LiveSession, SessionRecord } from './record'
import { encodeRecord, metaOf } from './record'
import type { Ticket } from './seal'
import { newSecret, newTicket, seal } from './seal'
import type { AtomicDriver } from './store'

const LONGEST_LABEL = 256
const MOST_DATA = 64 * 1024
const SALT_BYTES = 16
/** A touch is left out while the last one is younger than a tenth of the idle timeout, or a minute. */
const TOUCH_FRACTION = 10
const LONGEST_TOUCH_INTERVAL = 60_000

export interface EngineOptions {
  readonly driver: AtomicDriver
  readonly ring: KeyRing
  readonly config: SessionConfig
  readonly clock?: Clock
  readonly emit?: EventSink
}

/** What a sign-in decides. */
export interface SignIn {
  readonly owner: string
  readonly remember: boolean
  readonly data: FlatData
}

/**
 * The session engine: knows records, clocks, secrets and the store, and nothing of HTTP.
 *
 * Every write is one of create, compare-and-set, touch or remove, and says what became of it. A store that does not
 * answer is a `SessionError` with `store_unavailable`, never an absent session.
 */
export class SessionEngine {
  readonly config: SessionConfig
  readonly clock: Clock
  readonly emit: EventSink
  /** Turns updates of one session into a queue, so that parallel ones need no retry within this process. */
  readonly locks = new KeyedLock()
  readonly #driver: AtomicDriver
  readonly #ring: KeyRing
  readonly #admission: Admission

  constructor({ driver, ring, config, clock = Date.now, emit = () => {} }: EngineOptions) {
    this.#driver = driver
    this.#ring = ring
    this.config = config
    this.clock = clock
    this.emit = emit
    this.#admission = new Admission(ring, config.cookieName, clock, emit)
  }

  /** The session that a raw `Cookie` header proves, or `null`. Writes nothing. One read of the store, none for a cookie that is not ours. */
  async load(cookieHeader: string | undefined): Promise<Admitted | null> {
    const presented = this.#admission.present(cookieHeader)
    if (!presented) return null
    const row = await this.#ask('read', () => this.#driver.read(presented.key))
    return this.#admission.admit(presented, row)
  }

  /** Reads a session again after a conflict: `null` when it has ended, or when `ticket` no longer proves it. */
  async reload(ticket: Ticket): Promise<Admitted | null> {
    const presented = { ...ticket, key: storeKeyOf(ticket.sid), secretHash: hashSecret(ticket.secret), sealedByCurrentKey: true }
    const row = await this.#ask('read', () => this.#driver.read(presented.key))
    const outcome = row && this.#admission.check(presented, row)
    return typeof outcome === 'object' ? outcome : null
  }

  /** The sealed cookie value of a ticket. */
  seal(ticket: Ticket): string {
    return seal(this.#ring, this.config.cookieName, ticket)
  }

  /** Creates a session: anonymous, or signed in from the start. */
  async create(label: string, data: FlatData, signIn?: SignIn): Promise<Admitted> {
    const ticket = newTicket()
    const now = this.clock()
    const record = this.#newRecord(ticket, { createdAt: now, label: label.slice(0, LONGEST_LABEL), data }, signIn)
    const key = storeKeyOf(ticket.sid)
    const created = await this.#ask('create', () => this.#driver.create(key, encodeBounded(record), metaOf(record, now)))
    if (!created) throw new SessionError('store_unavailable', 'The store already holds a session of this new random name.')
    this.emit({ type: 'created', handle: handleOf(key) })
    return { live: { key, record, version: 1, lastSeenAt: now }, ticket, stale: null }
  }

  /** Compare-and-set of a whole record. */
  async replace(live: LiveSession, record: SessionRecord, lastSeenAt = live.lastSeenAt): Promise<LiveSession | 'conflict' | 'gone'> {
    const value = encodeBounded(record)
    const outcome = await this.#ask('replace', () => this.#driver.replace(live.key, value, metaOf(record, lastSeenAt), live.version))
    if (outcome !== 'replaced') return outcome
    return { key: live.key, record, version: live.version + 1, lastSeenAt: Math.max(lastSeenAt, live.lastSeenAt) }
  }

  /** The record of a session whose bearer has just authenticated: new secret, old one dead at once, both clocks anew (ASVS 7.2.4). */
  signedInRecord(ticket: Ticket, live: LiveSession, signIn: SignIn): SessionRecord {
    const { createdAt, label } = live.record
    return this.#newRecord(ticket, { createdAt, label, data: signIn.data }, signIn)
  }

  /** A rotation of the secret: `grace` 0 kills the old one at once, else it answers for that long and leads to the same new one. */
  rotation({ live, ticket }: Admitted, grace: number): { ticket: Ticket, record: SessionRecord } {
    const now = this.clock()
    const salt = randomBytes(SALT_BYTES).toString('base64url')
    const secret = grace > 0 ? successorOf(ticket.secret, salt) : newSecret()
    const previous = grace > 0 ? { hash: live.record.secretHash, until: now + grace, salt } : null
    return { ticket: { sid: ticket.sid, secret }, record: { ...live.record, secretHash: hashSecret(secret), previous, rotatedAt: now } }
  }

  rotationDue({ record }: LiveSession): boolean {
    return this.clock() - record.rotatedAt >= this.config.rotateEvery
  }

  touchDue({ record, lastSeenAt }: LiveSession): boolean {
    return this.clock() - lastSeenAt >= Math.min(record.idleTimeout / TOUCH_FRACTION, LONGEST_TOUCH_INTERVAL)
  }

  /** Slides the idle clock. `null`: the session has ended meanwhile. */
  async touch(live: LiveSession): Promise<LiveSession | null> {
    const now = this.clock()
    const touched = await this.#ask('touch', () => this.#driver.touch(live.key, now))
    return touched ? { ...live, lastSeenAt: Math.max(now, live.lastSeenAt) } : null
  }

  /** Removes a session for good: a request that still holds it can save no more. */
  async remove(live: LiveSession): Promise<void> {
    const removed = await this.#ask('remove', () => this.#driver.remove(live.key, this.clock()))
    if (removed) this.emit({ type: 'ended', handle: handleOf(live.key), reason: 'signed_out' })
  }

  #newRecord(ticket: Ticket, base: Pick<SessionRecord, 'createdAt' | 'label' | 'data'>, signIn?: SignIn): SessionRecord {
    const now = this.clock()
    const { idle, absolute } = this.#lifetime(signIn)
    return {
      ...base,
      secretHash: hashSecret(ticket.secret),
      previous: null,
      rotatedAt: now,
      owner: signIn?.owner ?? null,
      authenticatedAt: signIn ? now : null,
      idleTimeout: idle,
      expiresAt: now + absolute,
      persistent: signIn?.remember ?? false,
    }
  }

  #lifetime(signIn?: SignIn): Lifetime {
    if (!signIn) return this.config.anonymous
    return signIn.remember ? this.config.remembered : this.config.signedIn
  }

  async #ask<T>(operation: string, question: () => T | Promise<T>): Promise<T> {
    try {
      return await question()
    }
    catch (error) {
      this.emit({ type: 'store_failure', operation, error })
      throw new SessionError('store_unavailable', 'The session store does not answer. Try again in a moment.', { cause: error })
    }
  }
}

function encodeBounded(record: SessionRecord): string {
  const value = encodeRecord(record)
  if (value.length > MOST_DATA) {
    throw new SessionError('too_large', `The session's data would be over ${MOST_DATA / 1024} KiB. Keep an id in the session, and the rest where it belongs.`)
  }
  return value
}
