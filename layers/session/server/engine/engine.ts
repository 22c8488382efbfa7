import { randomBytes } from 'node:crypto'
import type { Admitted, CookieWitness, Presented, Refusal } from './admission'
import { Admission } from './admission'
import type { Clock } from './clock'
import type { Lifetime, SessionConfig } from './config'
import { SessionError } from './errors'
import type { EventSink } from './events'
import { harmless } from './events'
import { GuardedStore } from './guarded-store'
import { handleOf, hashSecret, sameHash, storeKeyOf, successorOf } from './identity'
import type { KeyRing } from './key-ring'
import { KeyedLock } from './keyed-lock'
import type { FlatData, LiveSession, SessionRecord } from './record'
import { encodeBounded, encodeRecord, idleEnd, metaOf, revive } from './record'
import type { Ticket } from './seal'
import { newSecret, newTicket, seal } from './seal'
import { Removals } from './removals'
import type { AtomicDriver, EndReason, MaybePromise, Replacement, StoreNews, StoredRecord } from './store'

const LONGEST_LABEL = 256
const SALT_BYTES = 16
/** A touch is left out while the last one is younger than a tenth of the idle timeout, or a minute. */
const TOUCH_FRACTION = 10
const LONGEST_TOUCH_INTERVAL = 60_000
/** Milliseconds between two looks at a store that several processes share and that cannot tell what they write. */
const BLIND_LOOK_EVERY = 5000

export interface EngineOptions {
  readonly driver: AtomicDriver
  readonly ring: KeyRing
  readonly config: SessionConfig
  /** Default: the driver's own clock, else this machine's. */
  readonly clock?: Clock
  readonly emit?: EventSink
  /** Told of an owner whose list of sessions has become another: somebody signed in or out, or was signed out. Default: nobody is. */
  readonly ownerChanged?: (owner: string) => void
  /** Told of a session that has become somebody's, or once more its owner's, and when the request that signed in is answered. Default: nobody is. */
  readonly signedIn?: (handle: string, answered: Promise<void>) => void
}

/** Whose a record is, and for how long. */
export interface Ownership {
  readonly owner: string
  readonly remember: boolean
}

/**
 * The session engine: knows records, clocks, secrets and the store, and nothing of HTTP.
 *
 * Every write is one of create, compare-and-set, enrol, touch or remove, and says what became of it. A store that does
 * not answer is a `SessionError` with `store_unavailable`, never an absent session.
 */
export class SessionEngine {
  readonly config: SessionConfig
  readonly clock: Clock
  readonly emit: EventSink
  readonly ownerChanged: (owner: string) => void
  readonly signedIn: (handle: string, answered: Promise<void>) => void
  readonly store: GuardedStore
  /** Turns updates of one session into a queue, so that parallel ones need no retry within this process. */
  readonly locks = new KeyedLock()
  readonly removals: Removals
  readonly #ring: KeyRing
  readonly #admission: Admission

  constructor({ driver, ring, config, clock = driver.clock ?? Date.now, emit = () => {}, ownerChanged = () => {}, signedIn = () => {} }: EngineOptions) {
    this.config = config
    this.clock = clock
    this.emit = harmless(emit)
    this.ownerChanged = ownerChanged
    this.signedIn = signedIn
    this.store = new GuardedStore(driver, clock, this.emit)
    this.removals = new Removals(this.store, clock, this.emit)
    this.#ring = ring
    this.#admission = new Admission(ring, config, clock, this.emit)
  }

  /**
   * The session that a raw `Cookie` header proves, or `null`. One read of the store, none for a cookie that is not ours.
   * Writes only where a session has ended: one found expired stays so even if the clock is set back.
   * Answers at once where the store does. Fails by a rejected promise only.
   *
   * @param witness is called if the cookie is forged, or superseded
   */
  load(cookieHeader: string | undefined, witness?: CookieWitness): MaybePromise<Admitted | null> {
    const presented = this.#admission.present(cookieHeader, witness)
    if (!presented) return null
    const admitted = () => this.#admitted(presented, witness)
    return this.removals.owes(presented.key) ? this.removals.settle(presented.key).then(admitted) : admitted()
  }

  #admitted(presented: Presented, witness?: CookieWitness): MaybePromise<Admitted | null> {
    const row = this.store.ask('read', driver => driver.read(presented.key))
    return row instanceof Promise ? row.then(read => this.#decide(presented, read, witness)) : this.#decide(presented, row, witness)
  }

  #decide(presented: Presented, row: StoredRecord | null, witness?: CookieWitness): MaybePromise<Admitted | null> {
    const outcome = this.#admission.admit(presented, row)
    if (outcome === 'superseded') witness?.supersededCookie()
    return typeof outcome === 'object' ? outcome : this.#refuse(presented, outcome)
  }

  async #refuse({ key }: Presented, why: Refusal): Promise<null> {
    if (why === 'ended') await this.removals.attempt(key, 'expired')
    if (why === 'secret_reuse' && this.config.onSecretReuse === 'revoke') await this.removals.remove(key, 'secret_reuse')
    return null
  }

  /**
   * Reads a session again for a request that was let in before. `null`: it has ended, or belongs to nobody who was let in
   * then (`era`). The request may be longer than a rotation's grace, so it need not prove itself a second time; where its
   * own secret no longer leads to the current one, it keeps its ticket, and its browser has the new one from elsewhere.
   */
  async reload({ ticket, live: { key, record } }: Admitted): Promise<Admitted | null> {
    const row = await this.store.ask('read', driver => driver.read(key))
    const live = row && this.#admission.alive(key, row)
    if (!live || live.record.era !== record.era) return null
    const presented = { ...ticket, key, secretHash: hashSecret(ticket.secret), sealedByCurrentKey: true, known: null, used: true }
    return this.#admission.prove(presented, live) ?? { live, ticket, stale: null }
  }

  /** A session by its store key, as it stands now; `null`: it has ended. For whoever has been let in with it before. */
  async peek(key: string): Promise<LiveSession | null> {
    const row = await this.store.ask('read', driver => driver.read(key))
    return row && this.#admission.alive(key, row)
  }

  /** The store keys of an owner's sessions that are alive, newest first. */
  async keysOf(owner: string): Promise<string[]> {
    const rows = await this.store.ask('listByOwner', driver => driver.listByOwner(owner))
    return rows.filter(row => this.#admission.alive(row.key, row)).map(({ key }) => key)
  }

  /** Tells of what other processes write to the store, until the function is called that it answers. */
  listen(hear: (news: StoreNews) => void): () => void {
    const { driver } = this.store
    if (driver.listen) return driver.listen(hear)
    if (driver.atomicity === 'process') return () => {}
    const timer = setInterval(hear, BLIND_LOOK_EVERY, 'anything').unref()
    return () => clearInterval(timer)
  }

  /** Why a session ended, as long as the store remembers. */
  async endOf(key: string): Promise<EndReason | null> {
    const end = await this.store.ask('endOf', driver => driver.endOf(key))
    return end?.reason ?? null
  }

  /** Why the session ended that a raw `Cookie` header names with a ticket of ours; `null` where there is none, or nobody remembers. Lets nobody in. */
  async endOfPresented(cookieHeader: string | undefined): Promise<EndReason | null> {
    const key = this.#admission.keyOf(cookieHeader)
    return key === null ? null : this.endOf(key)
  }

  /** To be called now and then: forgets what memory holds of sessions that have not been used since the last call. */
  forgetIdle(): void {
    this.#admission.forgetIdle()
  }

  /** The time of a sign-out everywhere: no earlier than that of any request, of any server, that began before it. */
  revocationTime(): number {
    return this.clock() + (this.store.driver.clockLag?.() ?? 0)
  }

  /** Whether a session that was alive when it was read has ended since, as far as can be told without asking again. */
  hasEnded(live: LiveSession): boolean {
    return this.clock() >= idleEnd(live)
  }

  /** The sealed cookie value of a ticket. */
  seal(ticket: Ticket): string {
    return seal(this.#ring, this.config.cookieName, ticket)
  }

  /** Creates an anonymous session. */
  async create(label: string, data: FlatData): Promise<Admitted> {
    const now = this.clock()
    const ticket = newTicket(now)
    const record = this.newRecord(ticket, { createdAt: now, label, data })
    const key = storeKeyOf(ticket.sid)
    const value = encodeBounded(record)
    const live = { key, record, values: revive(data), version: 1, lastSeenAt: now }
    const created = await this.store.ask('create', driver => driver.create(key, value, metaOf(record, now)))
    if (!created) throw new SessionError('store_unavailable', 'The store already holds a session of this new random name.')
    this.emit({ type: 'created', handle: handleOf(key) })
    return { live, ticket, stale: null }
  }

  /** Compare-and-set of a whole record. A session that has ended since it was read is a conflict: read again, it is gone. */
  async replace(live: LiveSession, record: SessionRecord, lastSeenAt = live.lastSeenAt): Promise<LiveSession | Exclude<Replacement, 'replaced'>> {
    if (this.hasEnded(live)) return 'conflict'
    const value = record.data === live.record.data ? encodeRecord(record) : encodeBounded(record)
    const outcome = await this.store.ask('replace', driver => driver.replace(live.key, value, metaOf(record, lastSeenAt), live.version))
    if (outcome !== 'replaced') return outcome
    return { key: live.key, record, values: revive(record.data), version: live.version + 1, lastSeenAt: Math.max(lastSeenAt, live.lastSeenAt) }
  }

  /** A rotation of the secret: `grace` 0 kills the old one at once, else it answers for that long and leads to the same new one. */
  rotation({ live, ticket }: Admitted, grace: number): { ticket: Ticket, record: SessionRecord } {
    const now = this.clock()
    const salt = grace > 0 ? randomBytes(SALT_BYTES).toString('base64url') : ''
    const secret = grace > 0 ? successorOf(ticket.secret, salt) : newSecret()
    const previous = { hash: live.record.secretHash, until: grace > 0 ? now + grace : 0, salt }
    const era = live.record.era + (grace > 0 ? 0 : 1)
    return { ticket: { sid: ticket.sid, secret }, record: { ...live.record, secretHash: hashSecret(secret), previous, rotatedAt: now, era } }
  }

  holdsCurrentSecret({ ticket, live }: Admitted): boolean {
    return sameHash(hashSecret(ticket.secret), live.record.secretHash)
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
    const touched = await this.store.ask('touch', driver => driver.touch(live.key, now))
    return touched ? { ...live, lastSeenAt: Math.max(now, live.lastSeenAt) } : null
  }

  /** A record whose clocks start now. */
  newRecord(ticket: Ticket, { createdAt, label, data }: Pick<SessionRecord, 'createdAt' | 'label' | 'data'>, ownership?: Ownership): SessionRecord {
    const now = this.clock()
    const { idle, absolute } = this.#lifetime(ownership)
    return {
      createdAt,
      label: label.slice(0, LONGEST_LABEL),
      data,
      secretHash: hashSecret(ticket.secret),
      previous: null,
      rotatedAt: now,
      era: 0,
      owner: ownership?.owner ?? null,
      authenticatedAt: ownership ? now : null,
      idleTimeout: idle,
      expiresAt: now + absolute,
      persistent: ownership?.remember ?? false,
    }
  }

  #lifetime(ownership?: Ownership): Lifetime {
    if (!ownership) return this.config.anonymous
    return ownership.remember ? this.config.remembered : this.config.signedIn
  }
}
