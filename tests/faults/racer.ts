import { createInterface } from 'node:readline'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { SessionError } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import { parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { openSqlite } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite'
import { openStore } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store'
import { openRedis } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { Visitor } from '../../packages/nuxt-cloakroom/src/testing/visitor'

/*
 * One of several server processes that share a store. Reads one task per line, with its arguments, and prints the
 * result as a line of JSON. Exits when its standard input is closed.
 */
const [url = '', keys = ''] = process.argv.slice(2)
const { driver } = openStore(url, {
  openers: { sqlite: openSqlite, redis: openRedis },
  mounted: () => undefined,
  warn: () => {},
})
const engine = new SessionEngine({ driver, ring: parseKeyRing(keys), config: parseConfig({ maxPerUser: '5' }) })

let rotating: Visitor | undefined
let begun: Awaited<ReturnType<Visitor['begin']>> | undefined

const lines = createInterface(process.stdin)
let isEnding = false
lines.on('close', () => {
  isEnding = true
})

const tasks: Record<string, (...args: string[]) => Promise<unknown>> = {
  ready: async () => true,

  /** Increments the session's counter this many times in parallel. Returns how many were acknowledged. */
  async increment(cookie = '', times = '') {
    const outcomes = await inParallel(times, () => newVisitor(cookie).request(
      session => acknowledged(() => session.update((draft) => {
        draft.count = (draft.count ?? 0) + 1
      })),
    ))
    return outcomes.filter(Boolean).length
  },

  /** Updates the session until it has ended. Returns how many updates succeeded. */
  async saveUntilEnded(cookie = '') {
    let saved = 0
    for (;;) {
      const session = await newVisitor(cookie).begin()
      if (!session.exists || isEnding) return saved
      if (await acknowledged(() => session.update({ count: saved }))) saved++
    }
  },

  /** Signs a user in this many times in parallel. Returns the cookies. */
  async signIn(userId = '', times = '') {
    return inParallel(times, async () => {
      const visitor = newVisitor()
      await acknowledged(() => visitor.request(async (session) => {
        await session.signIn(userId)
        return true
      }))
      return visitor.cookie
    })
  },

  /** Writes this many keys of the session in parallel, starting at a number. Returns those that were acknowledged. */
  async writeKeys(cookie = '', first = '', times = '') {
    const names = Array.from({ length: Number(times) }, (_, i) => `key${Number(first) + i}` as const)
    const written = await Promise.all(names.map(name => newVisitor(cookie).request(
      session => acknowledged(() => session.update({ [name]: 1 })),
    )))
    return names.filter((_, i) => written[i])
  },

  /** Pulls the ticket this many times in parallel. Returns the values that were returned. */
  async pull(cookie = '', times = '') {
    const pulled = await inParallel(times, () => newVisitor(cookie).request(
      session => session.pull('ticket').catch(ignoreRefusal),
    ))
    return pulled.filter(value => value !== undefined)
  },

  /**
   * Sends this many parallel requests that count as activity. Returns the cookie that each browser then holds, or
   * `null` if that opens no session.
   */
  async browse(cookie = '', times = '') {
    return inParallel(times, async () => {
      const visitor = newVisitor(cookie)
      await visitor.touch()
      const cookieAfterwards = visitor.cookie // The next request may set a newer one.
      return await visitor.isKnown() ? cookieAfterwards : null
    })
  },

  /** Begins a request, for a later `rotate`. */
  async begin(cookie = '') {
    rotating = newVisitor(cookie)
    begun = await rotating.begin()
    return begun.exists
  },

  /** Returns whether the rotation was acknowledged, and the cookie that the browser then holds. */
  async rotate() {
    return [await acknowledged(() => begun!.rotate()), rotating!.cookie]
  },
}

for await (const line of lines) {
  const [task = '', ...args] = line.split(' ')
  console.log(JSON.stringify(await tasks[task]!(...args)))
}
await driver.dispose?.()

function newVisitor(cookie?: string): Visitor {
  return new Visitor(engine, cookie)
}

function inParallel<Result>(times: string, task: () => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: Number(times) }, task))
}

/** Returns `false` for what was refused. */
async function acknowledged(operation: () => Promise<boolean>): Promise<boolean> {
  return await operation().catch(ignoreRefusal) ?? false
}

/** A refusal is a 409, if other processes were faster, or a 503, if the machine was too busy to respond in time. */
function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof SessionError) || !['conflict', 'store_unavailable'].includes(error.code)) throw error
}
