import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { authority } from '../tests/support/certificate.ts'
import { typeScriptProgram } from '../tests/support/child.ts'
import { call, keepAlive } from '../tests/support/https.ts'
import { startBuiltServer } from '../tests/support/server.ts'
import type { BuiltServer } from '../tests/support/server.ts'
import { cpuSeconds, residentMiB } from './lib/process-use.ts'
import { conditions } from './lib/report.ts'
import { startServer } from './lib/server.ts'

// Measures what 5,000 open event streams cost, each on a separate TLS connection, and how long it takes to notify all
// of them that their session has ended. Uses the existing build (`npm run build`), its certificates and SQLite.

/** The distribution of the streams over users and sessions. */
interface Shape {
  readonly name: string
  readonly users: number
  readonly sessions: number
  readonly streams: number
}

interface Measured {
  readonly streams: number
  readonly openedMs: number
  readonly memoryMiB: number
  readonly requests: number
  /** CPU time of the server, from sending the first revocation until the last stream was notified. */
  readonly cpuMs: number
  /** Milliseconds from sending the first revocation until a stream reported the end of its session. */
  readonly delays: { readonly p50: number, readonly last: number }
}

interface Stream {
  /** Resolves with the time at which the message arrived. */
  readonly hello: Promise<number>
  readonly ended: Promise<number>
}

const SHAPES: readonly Shape[] = [
  {
    name: '626 sessions of one user, 8 streams each; the one left over ends the others',
    users: 1,
    sessions: 626,
    streams: 8,
  },
  {
    name: '250 users with 20 sessions each, one stream each; each user ends all others',
    users: 250,
    sessions: 21,
    streams: 1,
  },
]
const AT_ONCE = 50
/** The time until the garbage of opening the streams is collected and the memory use is stable. */
const SETTLE_MS = 5000
const PATIENCE_MS = 60_000
const EVENTS = '/api/_session/events'

console.log(`A node:https handler that holds 5000 responses open: ${(await measureBare(5000)).toFixed(0)} MiB`)
for (const shape of SHAPES) print(shape, await measure(shape))
console.log(JSON.stringify(conditions(1, 0, {})))

async function measure(shape: Shape): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-streams-'))
  const key = randomBytes(32).toString('base64url')
  const file = join(folder, 'sessions.db')
  const users = seed(file, key, shape)
  const server = await startBuiltServer({
    NUXT_CLOAKROOM_STORE: `sqlite:${file}`,
    NUXT_CLOAKROOM_KEYS: key,
    NUXT_CLOAKROOM_MAX_PER_USER: String(shape.sessions),
    NUXT_CLOAKROOM_AUDIT: 'off',
  })
  try {
    return await run(server, users, shape)
  }
  finally {
    await server.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(server: BuiltServer, users: string[][], shape: Shape): Promise<Measured> {
  // A server that has served no request yet still has to compile the code for it.
  for (let i = 0; i < 200; i++) await call(`${server.origin}/api/_session`, { cookie: users[0]![0]! })
  const before = residentMiB(server.pid!)!
  const cookies = users.flatMap(([, ...others]) =>
    others.flatMap(cookie => Array.from({ length: shape.streams }, () => cookie)),
  )
  const began = performance.now()
  const streams = await openAll(server, cookies)
  const openedMs = performance.now() - began
  await pause(SETTLE_MS)
  const memoryMiB = residentMiB(server.pid!)! - before
  const agent = keepAlive()
  await Promise.all(users.slice(0, 8).map(([own]) => call(`${server.origin}/api/_session`, { cookie: own, agent })))
  const cpuBefore = cpuSeconds(server.pid!)!
  const revoked = performance.now()
  const answers = await Promise.all(
    users.map(([own]) => call(`${server.origin}/api/_session/devices`, { method: 'DELETE', cookie: own, agent })),
  )
  if (answers.some(({ status }) => status !== 204))
    throw new Error(`A revocation was answered ` + `${answers.map(({ status }) => status).join()}`)
  const delays = await withTimeout(PATIENCE_MS, Promise.all(streams.map(async ({ ended }) => (await ended) - revoked)))
  const cpuMs = (cpuSeconds(server.pid!)! - cpuBefore) * 1000
  agent.destroy()
  delays.sort((a, b) => a - b)
  return {
    streams: streams.length,
    openedMs,
    memoryMiB,
    requests: answers.length,
    cpuMs,
    delays: { p50: delays[delays.length >> 1]!, last: delays.at(-1)! },
  }
}

/** Returns the memory in MiB that Node itself needs for this many streams. */
async function measureBare(streams: number): Promise<number> {
  const server = await startServer({
    file: join(import.meta.dirname, 'peers/held.mjs'),
    env: ({ cert, key }) => ({ BENCH_CERT: cert, BENCH_KEY: key }),
  })
  const at = { origin: `https://localhost:${server.port}` }
  await openAll(
    at,
    Array.from({ length: AT_ONCE }, () => ''),
  )
  const before = residentMiB(server.pid)!
  await openAll(
    at,
    Array.from({ length: streams }, () => ''),
  )
  await pause(SETTLE_MS)
  const memoryMiB = residentMiB(server.pid)! - before
  await server.stop()
  return memoryMiB
}

async function openAll(server: Pick<BuiltServer, 'origin'>, cookies: readonly string[]): Promise<Stream[]> {
  const streams: Stream[] = []
  for (let start = 0; start < cookies.length; start += AT_ONCE) {
    const opened = cookies.slice(start, start + AT_ONCE).map(cookie => open(server, cookie))
    await Promise.all(opened.map(({ hello }) => hello))
    streams.push(...opened)
  }
  return streams
}

/** Creates the users' sessions. Returns each user's cookies. */
function seed(file: string, key: string, { users, sessions }: Shape): string[][] {
  const [program, ...args] = typeScriptProgram(
    join(import.meta.dirname, 'lib/seed-users.ts'),
    file,
    key,
    String(users),
    String(sessions),
  )
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`The store was not filled:\n${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as string[])
}

function open({ origin }: Pick<BuiltServer, 'origin'>, cookie: string): Stream {
  const [hello, ended] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()]
  const fail = (error: Error) => [hello, ended].forEach(({ reject }) => reject(error))
  const outgoing = request(origin + EVENTS, { agent: false, ca: authority(), headers: { cookie } })
  outgoing.on('error', fail)
  outgoing.end()
  outgoing.once('response', (response: IncomingMessage) => {
    if (response.statusCode !== 200) return fail(new Error(`A stream was answered ${response.statusCode}`))
    let text = ''
    response
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk
        if (text.includes('event: hello\n')) hello.resolve(performance.now())
        if (text.includes('event: ended\ndata: {"reason":"revoked"}\n')) ended.resolve(performance.now())
      })
      .on('close', () => fail(new Error(`A stream ended with: ${text}`)))
  })
  ended.promise.catch(() => {}) // A caller that awaits it later receives the error.
  return { hello: hello.promise, ended: ended.promise }
}

async function withTimeout<Result>(milliseconds: number, promise: Promise<Result>): Promise<Result> {
  const late = AbortSignal.timeout(milliseconds)
  return Promise.race([
    promise,
    once(late, 'abort').then(() =>
      Promise.reject(new Error(`Not all streams were notified within ${milliseconds} ms`)),
    ),
  ])
}

function print({ name }: Shape, { streams, openedMs, memoryMiB, requests, cpuMs, delays }: Measured) {
  const seconds = (openedMs / 1000).toFixed(1)
  const each = ((memoryMiB * 1024) / streams).toFixed(1)
  const [half, all, cpu] = [delays.p50, delays.last, cpuMs].map(ms => ms.toFixed(0))
  console.log(`${name}:
  ${streams} streams open after ${seconds} s, for ${memoryMiB.toFixed(0)} MiB more memory (${each} KiB each)
  after ${requests} revocation(s): half notified after ${half} ms, all after ${all} ms; ${cpu} ms of CPU time`)
}
