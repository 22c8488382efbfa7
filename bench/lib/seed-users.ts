import { sqliteDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { NO_DATA } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import { signIn } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/sign-in'

// A separate program: `seed-users.ts FILE KEY USERS SESSIONS`. Signs in this many users, each this many times. Prints
// one line per user: a JSON array of the user's cookies.

const [path, key, users, sessions] = process.argv.slice(2) as [string, string, string, string]
const config = parseConfig({ maxPerUser: sessions })
const driver = sqliteDriver({ path })
const engine = new SessionEngine({ driver, ring: parseKeyRing(key), config })

for (let user = 0; user < Number(users); user++) {
  const userId = `user-${user}`
  const sessionsOfUser = await Promise.all(
    Array.from({ length: Number(sessions) }, () =>
      signIn(engine, null, {
        userId,
        remember: false,
        label: 'Bench',
        startedAt: engine.clock(),
        dataFrom: () => NO_DATA,
      }),
    ),
  )
  console.log(JSON.stringify(sessionsOfUser.map(({ cookie }) => `${config.cookieName}=${engine.seal(cookie)}`)))
}
void driver.dispose?.()
