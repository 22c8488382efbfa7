import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { userTagOf } from '../../sessions/crypto'
import type { StoreChange } from '../../sessions/store'
import { reconnectDelay } from './connection'
import type { RedisClient } from './scripts'

/** While subscribed, the connection is checked this often; while not, everything is rechecked this often. */
const HEARTBEAT_INTERVAL_MS = 5000
/** At every twelfth heartbeat everything is rechecked in any case, because a message is sent at most once. */
const HEARTBEATS_PER_RECHECK = 12
/** When a user without the right to subscribe tries again: the right may have been granted. */
const DENIED_RETRY_MS = 60_000
const SENDER_BYTES = 6

export interface RedisChangesOptions {
  /** Publishes. */
  readonly client: RedisClient
  readonly channel: string
  /** Opens a connection that can subscribe, and that does not reconnect automatically. */
  readonly open: () => Redis
  /** The session's key in the name of a Redis key. */
  readonly parse: (name: string) => string
  readonly warn: (message: string) => void
}

type Listener = (change: StoreChange) => void

/**
 * What the servers on one Redis report to each other, by publish and subscribe: `session NAME`, published by the
 * scripts, and `user SENDER TAG`. Redis delivers a message once, to the servers that are subscribed at that moment. So
 * after each new connection, and from time to time in any case, listeners get `unknown`.
 */
export class RedisChanges {
  readonly #options: RedisChangesOptions
  readonly #sender = randomBytes(SENDER_BYTES).toString('base64url')
  readonly #listeners = new Set<Listener>()
  #subscriber: Redis | undefined
  #isSubscribed = false
  #isDenied = false
  #hasWarned = false
  #attempt = 0
  #heartbeats = 0
  #heartbeat: NodeJS.Timeout | undefined
  #reconnect: NodeJS.Timeout | undefined

  constructor(options: RedisChangesOptions) {
    this.#options = options
  }

  /** Reports to the other servers that this user's list has changed. If it fails, they notice at their next recheck. */
  publishUser(userId: string): void {
    this.#publish(`user ${this.#sender} ${userTagOf(userId)}`)
  }

  publishUnknown(): void {
    this.#publish('unknown')
  }

  /** The connection is opened for the first listener and closed after the last one. */
  subscribe(listener: Listener): () => void {
    const isFirst = this.#listeners.size === 0
    this.#listeners.add(listener)
    if (isFirst) this.#start()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close()
    }
  }

  close(): void {
    this.#listeners.clear()
    clearInterval(this.#heartbeat)
    clearTimeout(this.#reconnect)
    this.#isSubscribed = false
    this.#subscriber?.disconnect()
    this.#subscriber = undefined
  }

  #start() {
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS).unref()
    this.#connect()
  }

  #connect() {
    const subscriber = this.#options.open()
    this.#subscriber = subscriber
    subscriber.on('error', () => {}) // The connection for commands reports why there is none.
    subscriber.on('message', (_channel, message) => this.#onMessage(message))
    subscriber.once('ready', () => {
      void this.#subscribeTo(subscriber)
    })
    subscriber.once('end', () => this.#onEnd(subscriber))
  }

  /** The message shows that this user may publish as well. */
  async #subscribeTo(subscriber: Redis) {
    try {
      await subscriber.subscribe(this.#options.channel)
      await this.#options.client.publish(this.#options.channel, 'hello')
      this.#isSubscribed = true
      this.#isDenied = false
      this.#attempt = 0
      this.#notify('unknown')
    }
    catch (error) {
      if ((error as Error).message.startsWith('NOPERM')) this.#deny()
      subscriber.disconnect()
    }
  }

  #deny() {
    this.#isDenied = true
    if (this.#hasWarned) return
    this.#hasWarned = true
    const { channel, warn } = this.#options
    const seconds = HEARTBEAT_INTERVAL_MS / 1000
    warn(`[cloakroom] [store:redis] does not allow this user to publish and subscribe on the channel ${channel}, so `
      + `this server notices what ends on another one within ${seconds} seconds instead of one. `
      + 'The README of nuxt-cloakroom lists the rights.')
  }

  #onEnd(subscriber: Redis) {
    if (subscriber !== this.#subscriber) return
    this.#isSubscribed = false
    const delay = this.#isDenied ? DENIED_RETRY_MS : reconnectDelay(this.#attempt++)
    this.#reconnect = setTimeout(() => this.#connect(), delay).unref()
  }

  #beat() {
    this.#heartbeats++
    if (!this.#isSubscribed || this.#heartbeats % HEARTBEATS_PER_RECHECK === 0) this.#notify('unknown')
    if (this.#isSubscribed) this.#subscriber?.ping().catch(() => this.#subscriber?.disconnect())
  }

  #onMessage(message: string) {
    const [kind, name, tag] = message.split(' ') as [string, string?, string?]
    if (kind === 'session' && name !== undefined) this.#notify({ sessionKey: this.#options.parse(name) })
    else if (kind === 'user' && tag !== undefined && name !== this.#sender) this.#notify({ userTag: tag })
    else if (kind === 'unknown') this.#notify('unknown')
  }

  #notify(change: StoreChange) {
    for (const listener of [...this.#listeners]) listener(change)
  }

  #publish(message: string) {
    this.#options.client.publish(this.#options.channel, message).catch(() => {})
  }
}
