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
  try {
    return await attempt()
  }
  catch (error) {
    if (error instanceof SessionError && ['conflict', 'store_unavailable'].includes(error.code)) return false
    throw error
  }
}
