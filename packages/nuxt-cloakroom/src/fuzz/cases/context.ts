import { DEVICES_PATH, EVENTS_PATH, EXTEND_PATH, SESSION_PATH } from '../../runtime/shared/routes'
import type { Random } from '../random'
import type { CanaryPlace, Draft, FuzzTarget, Header } from '../request'

/** What each case decides from. */
export interface CaseContext {
  readonly random: Random
  readonly target: FuzzTarget
  /** The canary for a place of this request. */
  readonly canary: (place: CanaryPlace) => string
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const UNSAFE_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']
const SAFE_ROUTES = [SESSION_PATH, DEVICES_PATH, EVENTS_PATH]
const UNSAFE_ROUTES = [['POST', EXTEND_PATH], ['DELETE', SESSION_PATH], ['DELETE', DEVICES_PATH]] as const

/** The `Origin` that pages of the app send. */
export function ownOrigin({ target }: CaseContext): Header {
  return ['Origin', target.origin]
}

/** A path to read from: mostly the module's `/api/_session`, otherwise another of its routes or one of the app. */
export function safePath(context: CaseContext): string {
  const { random, target } = context
  if (random.oneIn(2)) return target.base + SESSION_PATH
  return random.oneIn(2) ? target.base + random.pick(SAFE_ROUTES) : appPath(context)
}

/** One of the app's paths, or one that it does not have. */
export function appPath(context: CaseContext): string {
  const { random, target } = context
  return target.paths.length > 0 && !random.oneIn(4) ? random.pick(target.paths) : unknownPath(context)
}

/** A path that no app has. */
export function unknownPath({ random, target }: CaseContext): string {
  return `${target.base}${random.pick(['/', '/api/'])}${random.text(12, LETTERS)}`
}

/** A route of the module that changes something, with its method. */
export function unsafeRoute({ random, target }: CaseContext): Pick<Draft, 'method' | 'path'> {
  const [method, path] = random.pick(UNSAFE_ROUTES)
  return { method, path: target.base + path }
}

/** Any route of the module or of the app, with an unsafe method, whether it has it or not. */
export function anyUnsafe(context: CaseContext): { method: string, path: string } {
  const { random, target } = context
  const method = random.pick(UNSAFE_METHODS)
  const route = target.base + random.pick([SESSION_PATH, EXTEND_PATH, DEVICES_PATH])
  return { method, path: random.oneIn(2) ? route : appPath(context) }
}

/** The cookie of one of the sessions; a random one without any. */
export function sessionCookie({ random, target }: CaseContext): Pick<Draft, 'cookie' | 'session'> & { header: string } {
  if (target.cookies.length === 0) {
    return { cookie: 'forged', header: `${target.cookieName}=${random.text(108, LETTERS)}` }
  }
  const session = random.integer(target.cookies.length)
  return { cookie: 'valid', session, header: `${target.cookieName}=${target.cookies[session]}` }
}
