import { sqliteDriver } from '../../layers/session/server/drivers/sqlite'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import { parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { NO_DATA } from '../../layers/session/server/engine/record'
import { signIn } from '../../layers/session/server/engine/sign-in'

// A program of its own: `seed-owners.ts FILE KEY USERS SESSIONS`. Signs in so many users so many times, and prints one JSON array of each user's cookies a line.

const [path, key, users, sessions] = process.argv.slice(2) as [string, string, string, string]
const config = parseConfig({ maxPerOwner: sessions })
const driver = sqliteDriver({ path })
const engine = new SessionEngine({ driver, ring: parseKeyRing(key), config })

for (let user = 0; user < Number(users); user++) {
  const owner = `user-${user}`
  const made = await Promise.all(Array.from({ length: Number(sessions) }, () =>
    signIn(engine, null, { owner, remember: false, label: 'Bench', startedAt: engine.clock(), dataFrom: () => NO_DATA })))
  console.log(JSON.stringify(made.map(({ ticket }) => `${config.cookieName}=${engine.seal(ticket)}`)))
}
void driver.dispose?.()
