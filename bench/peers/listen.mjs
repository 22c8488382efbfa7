import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

/** Serves a handler over HTTPS: for all peers the same certificate, and Node's defaults except `keepAliveTimeout`. */
export function listen(handler) {
  const { BENCH_CERT, BENCH_KEY, PORT } = process.env
  const server = createServer({ cert: readFileSync(BENCH_CERT), key: readFileSync(BENCH_KEY), keepAliveTimeout: 60_000 }, handler)
  server.listen(Number(PORT), '127.0.0.1', () => console.log('Listening'))
  process.once('SIGTERM', () => process.exit())
}
