import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ownerTagOf } from '../../engine/identity'
import type { StoreNews } from '../../engine/store'
import type { RedisClient } from './scripts'

/** Milliseconds. While hearing, after so long the connection is asked whether it is still there; while deaf, everything may have changed. */
const TICK = 5000
/** Of so many ticks, one looks at everything even so: a message is sent at most once. */
const TICKS_PER_LOOK = 12
const LONGEST_RECONNECT_DELAY = 1000
/** Milliseconds until a user who may not listen tries again: somebody may have given the right. */
const DENIED_RETRY = 60_000
const SENDER_BYTES = 6

export interface RedisNewsOptions {
  /** Publishes. */
  readonly client: RedisClient
  readonly channel: string
  /** Makes a connection that can subscribe, and that does not come back by itself. */
  readonly open: () => Redis
  /** The session's key in the name of a Redis key. */
  readonly parse: (name: string) => string
  readonly warn: (message: string) => void
}

type Listener = (news: StoreNews) => void

/**
 * What the servers on one Redis tell each other, by publish and subscribe: `session NAME`, published by the scripts, and `owner SENDER TAG`. Redis delivers to whoever listens
 * at that moment, once. So after each connection made anew, and now and then in any case, everything is to be asked for.
 */
export class RedisNews {
  readonly #sender = randomBytes(SENDER_BYTES).toString('base64url')
  readonly #listeners = new Set<Listener>()
  #subscriber: Redis | undefined
  #hears = false
  #attempt = 0
  #ticks = 0
  #warned = false
  #heartbeat: NodeJS.Timeout | undefined
  #reconnect: NodeJS.Timeout | undefined

  constructor(private readonly options: RedisNewsOptions) {}

  /** Tells the others that this owner's list has changed. They look at it sooner or later even if that fails. */
  announce(owner: string): void {
    this.#publish(`owner ${this.#sender} ${ownerTagOf(owner)}`)
  }

  announceAnything(): void {
    this.#publish('anything')
  }

  /** Listens until the function is called that it answers. The connection is opened for the first listener, and closed after the last. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#start()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close()
    }
  }

  close(): void {
    this.#listeners.clear()
    clearInterval(this.#heartbeat)
    clearTimeout(this.#reconnect)
    this.#hears = false
    this.#subscriber?.disconnect()
    this.#subscriber = undefined
  }

  #start() {
    this.#heartbeat = setInterval(() => this.#tick(), TICK).unref()
    this.#connect()
  }

  #connect() {
    const subscriber = this.#subscriber = this.options.open()
    subscriber.on('error', () => {}) // Why there is no connection, the one for commands says.
    subscriber.on('message', (_channel, message) => this.#hear(message))
    subscriber.once('ready', () => void this.#subscribe(subscriber))
    subscriber.once('end', () => this.#lost(subscriber))
  }

  /** The message to ourselves shows that this user may publish as well. */
  async #subscribe(subscriber: Redis) {
    try {
      await subscriber.subscribe(this.options.channel)
      await this.options.client.publish(this.options.channel, 'hello')
      this.#hears = true
      this.#attempt = 0
      this.#tell('anything')
    }
    catch (error) {
      if ((error as Error).message.startsWith('NOPERM')) this.#deny()
      subscriber.disconnect()
    }
  }

  #deny() {
    this.#attempt = Infinity
    if (this.#warned) return
    this.#warned = true
    this.options.warn(`[session] [store:redis] does not let this user publish and subscribe on the channel ${this.options.channel}, so what ends on another server is told here within ${TICK / 1000} seconds in place of one. The layer's README has the rights.`)
  }

  #lost(subscriber: Redis) {
    if (subscriber !== this.#subscriber) return
    this.#hears = false
    const delay = this.#attempt === Infinity ? DENIED_RETRY : Math.min(50 * 2 ** this.#attempt++, LONGEST_RECONNECT_DELAY)
    this.#reconnect = setTimeout(() => this.#connect(), delay).unref()
  }

  #tick() {
    this.#ticks++
    if (!this.#hears || this.#ticks % TICKS_PER_LOOK === 0) this.#tell('anything')
    if (this.#hears) this.#subscriber?.ping().catch(() => this.#subscriber?.disconnect())
  }

  #hear(message: string) {
    const [what, name, tag] = message.split(' ') as [string, string?, string?]
    if (what === 'session' && name !== undefined) this.#tell({ session: this.options.parse(name) })
    else if (what === 'owner' && tag !== undefined && name !== this.#sender) this.#tell({ owner: tag })
    else if (what === 'anything') this.#tell('anything')
  }

  #tell(news: StoreNews) {
    for (const listener of [...this.#listeners]) listener(news)
  }

  #publish(message: string) {
    this.options.client.publish(this.options.channel, message).catch(() => {})
  }
}
