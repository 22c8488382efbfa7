import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import { anonymous } from 'better-auth/plugins'
import express from 'express'
import { listen } from './listen.mjs'

// The smallest app in its documentation: SQLite, anonymous sign-in, and a route that reads the session.
const database = new DatabaseSync(process.env.BENCH_FILE)
database.exec('PRAGMA journal_mode = WAL')
const origin = `https://localhost:${process.env.PORT}`
const options = {
  database,
  baseURL: origin,
  secret: 'a secret of the benchmark alone, long enough',
  trustedOrigins: [origin],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [anonymous()],
}
await (await getMigrations(options)).runMigrations()
const auth = betterAuth(options)
const app = express()
app.all('/api/auth/*any', toNodeHandler(auth))
app.get('/api/session', async (request, response) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })
  response.json({ id: session?.user.id ?? null })
})
listen(app)
