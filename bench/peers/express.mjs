import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import sqliteStoreOf from 'better-sqlite3-session-store'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { listen } from './listen.mjs'

// Set up as in the READMEs of express-session, connect-redis and better-sqlite3-session-store.
const stores = {
  memory: () => new session.MemoryStore(),
  async redis() {
    const client = createClient({ url: process.env.BENCH_REDIS })
    await client.connect()
    return new RedisStore({ client, prefix: 'express:' })
  },
  sqlite() {
    const SqliteStore = sqliteStoreOf(session)
    return new SqliteStore({ client: new Database(process.env.BENCH_FILE), expired: { clear: true, intervalMs: 900_000 } })
  },
}

const app = express()
app.use(session({
  store: await stores[process.env.BENCH_STORE](),
  secret: 'a secret of the benchmark alone, long enough',
  resave: false,
  saveUninitialized: false,
  cookie: { secure: true, maxAge: 3_600_000 },
}))
app.get('/api/session', ({ session }, response) => {
  session.value ??= randomUUID()
  response.json({ id: session.value })
})
app.put('/api/session', ({ session }, response) => {
  session.value = randomUUID()
  response.json({ id: session.value })
})
let visitors = 0
app.post('/api/sign-in', (request, response, next) => {
  request.session.regenerate((error) => {
    if (error) return next(error)
    request.session.userId = `user-${visitors++ % 100_000}`
    response.json({ ok: true })
  })
})
listen(app)
