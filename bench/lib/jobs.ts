import { randomBytes } from 'node:crypto'
import type { Job } from './load.ts'
import { ask } from './server.ts'
import type { RunningServer } from './server.ts'

/** One line of the table: a job for one server. */
export interface Subject {
  readonly work: string
  readonly server: string
  readonly job: Job
  /** The label of the line; the server's name by default. */
  readonly label: string
  readonly quick: boolean
}

const VISITORS = 100
const DEVICES = 10
const NOBODY = ['']
const VALUE = '/api/session'

type Servers = ReadonlyMap<string, RunningServer>

/** Creates sessions on every server, checks that each server does its job, and returns the jobs to measure. */
export async function prepare(servers: Servers): Promise<Subject[]> {
  const subjects: Subject[] = []
  const add = (work: string, server: string, job: Job, { label = server, quick = false } = {}) =>
    void subjects.push({ work, server, job, label, quick })
  const route = 'Nitro route, no session'

  add('read', 'node:https', { method: 'GET', path: '/', cookies: NOBODY }, { quick: true })
  for (const [name, { port }] of servers) {
    if (!keepsValues(name)) continue
    const cookies = await visitors(port)
    // The plain route is measured next to the session route, in the same process.
    if (name === 'ours, SQLite')
      add('read', name, { method: 'GET', path: '/api/plain', cookies }, { label: route, quick: true })
    add('read', name, { method: 'GET', path: VALUE, cookies }, { quick: isQuick(name) })
    add(
      'create',
      name,
      { method: 'GET', path: VALUE, cookies: NOBODY },
      { quick: ['ours, SQLite', 'express-session, memory'].includes(name) },
    )
    add('update', name, { method: 'PUT', path: VALUE, cookies })
    if (/^ours|^express/.test(name))
      add('sign in', name, { method: 'POST', path: '/api/sign-in', cookies: await visitors(port), follow: true })
  }
  const betterAuth = servers.get('better-auth, SQLite')
  if (betterAuth)
    add('read', 'better-auth, SQLite', {
      method: 'GET',
      path: VALUE,
      cookies: await betterAuthVisitors(betterAuth.port),
    })
  for (const [name, { port }] of servers) {
    if (/^ours, (?:memory|SQLite|Redis)$/.test(name))
      add('list 10 devices', name, { method: 'GET', path: '/api/_session/devices', cookies: await users(port) })
  }

  const ours = servers.get('ours, SQLite')!
  const cookies = await visitors(ours.port)
  const forged = cookies.map(forge)
  add(
    'forged cookie',
    'ours, SQLite, limit lifted',
    { method: 'GET', path: '/api/plain', cookies: forged },
    { label: route, quick: true },
  )
  add(
    'forged cookie',
    'ours, SQLite, limit lifted',
    { method: 'GET', path: '/api/read', cookies: forged },
    { label: 'each one opened', quick: true },
  )
  add(
    'forged cookie',
    'ours, SQLite, flooded',
    { method: 'GET', path: '/api/read', cookies: forged, refused: true },
    { label: 'refused (429)' },
  )
  add(
    'page',
    'ours, SQLite',
    { method: 'GET', path: '/page-plain', cookies },
    { label: 'without a session', quick: true },
  )
  add(
    'page',
    'ours, SQLite',
    { method: 'GET', path: '/page-session', cookies },
    { label: 'with a session', quick: true },
  )
  return subjects
}

/** Creates sessions and returns their cookies. Checks that each session keeps its value. */
async function visitors(port: number): Promise<string[]> {
  const cookies: string[] = []
  for (let i = 0; i < VISITORS; i++) {
    const first = await ask(port, 'GET', VALUE)
    const second = await ask(port, 'GET', VALUE, first.cookie)
    if (first.status !== 200 || !first.cookie || !JSON.parse(first.body).id || first.body !== second.body) {
      throw new Error(
        `Port ${port} keeps no value: ${first.status} ${first.body}, then ${second.status} ` + `${second.body}`,
      )
    }
    cookies.push(first.cookie)
  }
  return cookies
}

/** Signs in users of this module on ten devices each. Returns one cookie per user. */
async function users(port: number): Promise<string[]> {
  const cookies: string[] = []
  for (let i = 0; i < VISITORS; i++) {
    const answers = []
    for (let device = 0; device < DEVICES; device++)
      answers.push(await ask(port, 'POST', `/api/sign-in?userId=lister-${i}`))
    cookies.push(answers[0]!.cookie)
  }
  const { body } = await ask(port, 'GET', '/api/_session/devices', cookies[0])
  if ((JSON.parse(body) as unknown[]).length !== DEVICES) throw new Error(`Not ${DEVICES} devices: ${body}`)
  return cookies
}

async function betterAuthVisitors(port: number): Promise<string[]> {
  const cookies: string[] = []
  for (let i = 0; i < VISITORS; i++) {
    const { cookie, status, body } = await ask(port, 'POST', '/api/auth/sign-in/anonymous')
    const read = await ask(port, 'GET', VALUE, cookie)
    if (status !== 200 || !JSON.parse(read.body).id)
      throw new Error(`better-auth did not sign the visitor in: ${status} ${body}, then ${read.body}`)
    cookies.push(cookie)
  }
  return cookies
}

function keepsValues(name: string): boolean {
  return !['node:https', 'better-auth, SQLite', 'ours, SQLite, limit lifted', 'ours, SQLite, flooded'].includes(name)
}

/** Whether `--quick` includes this server. A quick run should take under a minute, without builds and installation. */
export function isQuick(server: string): boolean {
  return ![
    'ours, memory',
    'ours, SQLite, flooded',
    'express-session, SQLite',
    'iron-session',
    'better-auth, SQLite',
  ].includes(server)
}

/** Returns a cookie with a valid format and key id that no key has sealed. */
function forge(cookie: string): string {
  const [name, value] = cookie.split('=') as [string, string]
  const bytes = Buffer.from(value, 'base64url')
  randomBytes(32).copy(bytes, bytes.length - 32)
  return `${name}=${bytes.toString('base64url')}`
}
