import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { newForwarding, statusOf } from './client.ts'
import type { Client, RequestOptions } from './client.ts'
import type { Progress } from './pace.ts'
import { countOutcome, hold, newProgress, repeat } from './pace.ts'
import { socketAttacks } from './socket-attacks.ts'

/** The limit of the module for one session, and for one address. */
const STREAMS_PER_SESSION = 8
const STREAMS_PER_ADDRESS = 256
/** More than the 5,000 that a process holds. With WebSockets, those take the rest. */
const STREAMS = { app: 5200, host: 2700 }
const SLOW_BYTE_INTERVAL_MS = 1000
const FORGED_BYTES = 81
const SEAL_FORMAT = 1
const REQUESTS_PER_PIPELINE = 100
const UNREAD_RESPONSES = 16
/**
 * Each takes some 3 MB of the kernel's TCP memory, half of it for the attacker's end. With 500, a machine on which both
 * run comes to the limit of that memory (net.ipv4.tcp_mem), and delays the connections of all programs.
 */
const UNREAD_CONNECTIONS = 150
/** Longer than the server waits for a client that does not read. */
const UNREAD_LIFETIME_MS = 70_000
/** Just below the 16 KiB that headers may have. */
const LONG_LIST = '198.51.100.1, '.repeat(1000)
/** Of one user, whose sessions are limited to 20. */
export const DEVICES_USER = { name: 'many-devices', password: 'a coat, a hat, an umbrella' }
const HASH_BURST = 80
const HASH_BURST_INTERVAL_MS = 20_000

/** An attack, and what it has done so far. */
export interface Attack {
  readonly name: string
  readonly progress: Progress
}

/**
 * Starts all attacks at once. They run until the process ends. The rates leave a server on a busy machine the time to
 * serve others: what a flood of requests alone does is a question of the machine.
 *
 * @param largestFile path of a static file, for responses that are not read
 */
export function startAttacks(client: Client, largestFile: string): Attack[] {
  const attacks: Attack[] = []
  const begin = (name: string, start: (progress: Progress) => void) => {
    const progress = newProgress()
    attacks.push({ name, progress })
    start(progress)
  }
  startConnections(client, largestFile, begin)
  startRequests(client, begin)
  if (client.address.kind === 'app') startPasswords(client, begin)
  else for (const { name, start } of socketAttacks(client)) begin(name, start)
  return attacks
}

type Begin = (name: string, start: (progress: Progress) => void) => void

function startConnections(client: Client, largestFile: string, begin: Begin) {
  const { kind, origin } = client.address
  const request = client.head('GET', '/api/_session')
  const bodyHead = client.head('POST', bodyPath(client), [
    `Origin: ${origin}`, 'Content-Type: application/json', 'Content-Length: 60000',
  ])
  begin('connections that send nothing', p => hold(1500, 60, p, () => openWith(client, '', true)))
  begin('connections without a handshake', p => hold(500, 40, p, () => openPlain(client)))
  begin('idle connections after a request', p => hold(1000, 20, p, () => openWith(client, request, true)))
  begin('headers, a byte a second', p => hold(300, 10, p, () => drip(client, request.slice(0, -2))))
  begin('bodies, a byte a second', p => hold(300, 10, p, () => drip(client, `${bodyHead}{"session":"`)))
  const unread = client.head('GET', largestFile).repeat(UNREAD_RESPONSES)
  begin('responses that are not read', p => hold(UNREAD_CONNECTIONS, 8, p, () => leaveUnread(client, unread)))
  begin(`${REQUESTS_PER_PIPELINE} requests at once`, p => repeat(2, p, async () => {
    const socket = await openWith(client, request.repeat(REQUESTS_PER_PIPELINE), true)
    if (kind === 'host') setTimeout(() => socket.destroy(), 1000)
    return closing(socket)
  }))
  begin('uploads that are aborted', p => repeat(5, p, async () => {
    const socket = await openWith(client, `${bodyHead}${' '.repeat(30_000)}`, true)
    await sleep(SLOW_BYTE_INTERVAL_MS)
    socket.destroy()
    return 'aborted'
  }))
  begin('event streams', p => hold(STREAMS[kind], 40, p, streamOpener(client, p)))
}

function startRequests(client: Client, begin: Begin) {
  const { kind } = client.address
  const send = async (options: RequestOptions) => (await client.send(options)).status
  const read = kind === 'app' ? '/api/account' : '/api/me'
  // Fast enough to fill the cache of 10,000 parsed cookies in the first third of the run.
  begin('new anonymous sessions', p => repeat(60, p, () => send(newSession(client))))
  begin('forged cookies from many addresses', p => repeat(50, p, () => {
    const { 'x-forwarded-for': address } = newForwarding()
    return send({ path: read, cookie: forgedCookie(), headers: { 'x-forwarded-for': LONG_LIST + address } })
  }))
  begin('two session cookies', p => repeat(10, p, () => {
    return send({ path: read, cookie: `${forgedCookie()}; ${forgedCookie()}` })
  }))
  begin('requests of foreign pages', p => repeat(10, p, () => {
    return send({ ...newSession(client), method: 'POST', headers: { origin: 'https://evil.test' } })
  }))
  begin('X-Forwarded-Host: %%% on missing pages', p => repeat(10, p, () => {
    return send({ path: `/missing/${randomBytes(8).toString('hex')}`, headers: { 'x-forwarded-host': '%%%' } })
  }))
  begin('sign-ins of one user', p => repeat(1, p, () => send(signIn(client))))
}

/** Only this app has passwords. */
function startPasswords(client: Client, begin: Begin) {
  const path = '/api/account/sign-in'
  const guess = async (length: number) => {
    const name = randomBytes(length).toString('hex').slice(0, length)
    const json = { name, password: 'x'.repeat(256) }
    return (await client.send({ method: 'POST', path, json, headers: newForwarding() })).status
  }
  begin('wrong passwords', p => repeat(1, p, () => guess(64)))
  begin('names of 256 characters', p => repeat(2, p, () => guess(256)))
  begin('bursts of wrong passwords', (progress) => {
    setInterval(async () => {
      progress.total += HASH_BURST
      const results = Array.from({ length: HASH_BURST }, () => guess(64).catch(() => 'failed'))
      for (const result of await Promise.all(results)) countOutcome(progress, result)
    }, HASH_BURST_INTERVAL_MS)
  })
}

/** A request that begins an anonymous session. */
function newSession({ address: { kind } }: Client): RequestOptions {
  const headers = newForwarding()
  return kind === 'app' ? { path: '/api/session', headers } : { method: 'POST', path: '/api/count', headers }
}

function signIn({ address: { kind } }: Client): RequestOptions {
  const headers = newForwarding()
  if (kind === 'host') return { method: 'POST', path: `/api/sign-in?name=${DEVICES_USER.name}`, headers }
  return { method: 'POST', path: '/api/account/sign-in', json: DEVICES_USER, headers }
}

function bodyPath({ address: { kind } }: Client): string {
  return kind === 'app' ? '/api/session' : '/api/body/json'
}

/** Each session has as many streams as it may have, and each address too. */
function streamOpener(client: Client, progress: Progress) {
  let session: Promise<string | undefined> | undefined
  return async (index: number) => {
    if (!session || index % STREAMS_PER_SESSION === 0) session = client.send(newSession(client)).then(r => r.cookie)
    const address = `101.0.${(index / STREAMS_PER_ADDRESS >> 8) & 255}.${(index / STREAMS_PER_ADDRESS) & 255}`
    const cookie = await session
    const socket = await client.open()
    socket.once('data', (first: Buffer) => {
      const status = statusOf(first)
      countOutcome(progress, status)
      if (status !== 200) socket.destroy()
    })
    socket.write(client.head('GET', '/api/_session/events', [`Cookie: ${cookie}`, `X-Forwarded-For: ${address}`]))
    return socket
  }
}

async function openWith(client: Client, bytes: string, isRead: boolean): Promise<Socket> {
  const socket = await client.open()
  socket.write(bytes)
  if (isRead) socket.resume()
  return socket
}

async function openPlain(client: Client): Promise<Socket> {
  const socket = await client.open({ plain: true })
  return socket.resume()
}

/** A client that does not read is not notified when the server ends the connection, so it ends it itself. */
async function leaveUnread(client: Client, requests: string): Promise<Socket> {
  const socket = await openWith(client, requests, false)
  const timer = setTimeout(() => socket.destroy(), UNREAD_LIFETIME_MS)
  socket.once('close', () => clearTimeout(timer))
  return socket
}

async function drip(client: Client, start: string): Promise<Socket> {
  const socket = await openWith(client, start, true)
  const timer = setInterval(() => socket.write('x'), SLOW_BYTE_INTERVAL_MS)
  socket.once('close', () => clearInterval(timer))
  return socket
}

async function closing(socket: Socket): Promise<string> {
  if (!socket.destroyed) await once(socket, 'close')
  return 'closed'
}

function forgedCookie(): string {
  const bytes = randomBytes(FORGED_BYTES)
  bytes[0] = SEAL_FORMAT
  return `__Host-session=${bytes.toString('base64url')}`
}
