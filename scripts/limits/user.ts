import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply, RequestOptions } from './client.ts'
import { Client, newForwarding } from './client.ts'
import type { Address, Kind } from './target.ts'

const ROUND_INTERVAL_MS = 1000
const MAX_RETRIES = 5
const CREDENTIALS = { name: 'normal-user', password: 'a scarf, two gloves' }
const UNAVAILABLE = 503

const ROUNDS: Record<Kind, readonly RequestOptions[]> = {
  app: [
    { method: 'POST', path: '/api/account/sign-in', json: CREDENTIALS },
    { path: '/api/account' },
    { method: 'PUT', path: '/api/account/note', json: { note: 'Umbrella' } },
    { method: 'POST', path: '/api/account/sign-out' },
  ],
  host: [
    { method: 'POST', path: `/api/sign-in?name=${CREDENTIALS.name}` },
    { path: '/api/me' },
    { method: 'POST', path: '/api/count' },
    { method: 'POST', path: '/api/sign-out' },
  ],
}

/** What a user has experienced who signs in, reads, updates and signs out once a second. */
export interface UserRecord {
  rounds: number
  /** Responses with 503 and `Retry-After`, after which the same request succeeded. */
  retries: number
  readonly latenciesMs: number[]
  /** What went wrong, one sentence each. */
  readonly failures: string[]
}

/** Registers the accounts that the attacks and the user need. Only this app has accounts. */
export async function registerAccounts(address: Address, ...accounts: { name: string, password: string }[]) {
  if (address.kind === 'host') return
  const client = new Client(address, 1)
  for (const json of [CREDENTIALS, ...accounts]) {
    const { status } = await client.send({
      method: 'POST', path: '/api/account/register', json, headers: newForwarding(),
    })
    if (status !== 201 && status !== 200) throw new Error(`The registration of ${json.name} got ${status}.`)
  }
  client.close()
}

/** Starts the user. Call the returned function to stop after the current round. */
export function startUser(address: Address): { record: UserRecord, stop: () => Promise<void> } {
  const record: UserRecord = { rounds: 0, retries: 0, latenciesMs: [], failures: [] }
  let isStopped = false
  const running = (async () => {
    while (!isStopped) {
      const next = sleep(ROUND_INTERVAL_MS)
      await visit(address, record).catch((error: Error) => record.failures.push(error.message))
      record.rounds++
      await next
    }
  })()
  return {
    record,
    stop() {
      isStopped = true
      return running
    },
  }
}

/** On a new connection and from another address each time. @throws Error at the first response that is not right */
async function visit(address: Address, record: UserRecord) {
  const client = new Client(address, 1)
  const headers = newForwarding()
  let cookie: string | undefined
  try {
    for (const options of ROUNDS[address.kind]) {
      const reply = await sendPatiently(client, { ...options, headers, cookie }, record)
      if (reply.status >= 300) throw new Error(`${options.method ?? 'GET'} ${options.path} got ${reply.status}`)
      cookie = reply.cookie ?? cookie
    }
  }
  finally {
    client.close()
  }
}

/** Like the app's page, it repeats a request that the server is too busy for. */
async function sendPatiently(client: Client, options: RequestOptions, record: UserRecord): Promise<Reply> {
  for (let tried = 0; ; tried++) {
    const start = performance.now()
    const reply = await client.send(options)
    record.latenciesMs.push(performance.now() - start)
    if (reply.status !== UNAVAILABLE || reply.retryAfter === undefined || tried === MAX_RETRIES) return reply
    record.retries++
    await sleep(Number(reply.retryAfter) * 1000)
  }
}
