import { createInterface } from 'node:readline'
import { openStore } from '../../layers/session/server/drivers/from-url'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import { SessionError } from '../../layers/session/server/engine/errors'
import { parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { Visitor } from '../../layers/session/testing/visitor'

/*
 * One of several server processes on one store: reads a task a line, answers with a line of JSON. Ends with its standard input.
 */
const [url = '', keys = ''] = process.argv.slice(2)
const { driver } = openStore(url, { mounted: () => undefined, warn: () => {} })
const engine = new SessionEngine({ driver, ring: parseKeyRing(keys), config: parseConfig({ maxPerOwner: '5' }) })

let rotating: Visitor | undefined
let held: Awaited<ReturnType<Visitor['begin']>> | undefined

const lines = createInterface(process.stdin)
let ending = false
lines.on('close', () => (ending = true))

const tasks: Record<string, (...args: string[]) => Promise<unknown>> = {
  ready: async () => true,

  /** Adds one to the session's counter, so often, all at once. Answers how many were acknowledged. */
  async increment(cookie = '', times = '') {
    const outcomes = await Promise.all(Array.from({ length: Number(times) }, () => visitor(cookie).request(
      session => acknowledged(() => session.update(draft => void (draft.count = (draft.count ?? 0) + 1))),
    )))
    return outcomes.filter(Boolean).length
  },

  /** Saves into the session until it is told that the session has ended. Answers how often it could. */
  async saveUntilEnded(cookie = '') {
    let saved = 0
    for (;;) {
      const session = await visitor(cookie).begin()
      if (!session.exists || ending) return saved
      if (await acknowledged(() => session.update({ count: saved }))) saved++
    }
  },

  /** Signs a user in, so often, all at once. Answers the cookies. */
  async signIn(owner = '', times = '') {
    const visitors = Array.from({ length: Number(times) }, () => visitor())
    await Promise.all(visitors.map(one => acknowledged(() => one.request(async session => (await session.signIn(owner), true)))))
    return visitors.map(({ cookie }) => cookie)
  },

  /** Writes so many keys of the session, from this one on, all at once. Answers those that were acknowledged. */
  async writeKeys(cookie = '', first = '', times = '') {
    const names = Array.from({ length: Number(times) }, (_, i) => `key${Number(first) + i}` as const)
    const written = await Promise.all(names.map(name => visitor(cookie).request(session => acknowledged(() => session.update({ [name]: 1 })))))
    return names.filter((_, i) => written[i])
  },

  /** Takes the ticket, so many times, all at once. Answers what was given out. */
  async take(cookie = '', times = '') {
    const taken = await Promise.all(Array.from({ length: Number(times) }, () => visitor(cookie).request(
      session => session.pull('ticket').catch(refused),
    )))
    return taken.filter(value => value !== undefined)
  },

  /** Uses the session, so many times, all at once. Answers the cookie that each then holds; `null` for one that was a stranger. */
  async use(cookie = '', times = '') {
    return Promise.all(Array.from({ length: Number(times) }, async () => {
      const one = visitor(cookie)
      return await one.request(async session => (await session.recordActivity(), session.exists)) ? one.cookie : null
    }))
  },

  /** Begins a request, for `rotate` to go on with. */
  async begin(cookie = '') {
    rotating = visitor(cookie)
    held = await rotating.begin()
    return held.exists
  },

  /** Answers whether it has, and the cookie that its browser then holds. */
  async rotate() {
    return [await acknowledged(() => held!.rotate()), rotating!.cookie]
  },
}

for await (const line of lines) {
  const [task = '', ...args] = line.split(' ')
  console.log(JSON.stringify(await tasks[task]!(...args)))
}
await driver.dispose?.()

function visitor(cookie?: string): Visitor {
  return new Visitor(engine, cookie)
}

/** `false` for what was refused: with 409 because other processes were faster, or with 503 because the machine was too busy to answer in time. */
async function acknowledged(attempt: () => Promise<boolean>): Promise<boolean> {
  return await attempt().catch(refused) ?? false
}

function refused(error: unknown): undefined {
  if (!(error instanceof SessionError) || !['conflict', 'store_unavailable'].includes(error.code)) throw error
}
