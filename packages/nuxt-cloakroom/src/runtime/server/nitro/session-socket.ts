import type { Hooks, Peer } from 'crossws'
import type { ConnectionMessage } from '../live/watched'
import type { CookieReading } from '../sessions/authentication'
import { SessionError } from '../sessions/errors'
import type { StoredSession } from '../sessions/record'
import { useCloakroom } from './runtime'
import { cookieOfUpgrade, takeSocketPlace, takingPlace, withErrorResponse } from './upgrade-guard'

/** WebSocket close codes (RFC 6455 section 7.4.1, and its registry at IANA). */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013

const STATE = Symbol('cloakroom: the session of a socket')

/** In the context that crossws passes from the upgrade to the peer. */
interface SocketState {
  readonly session: StoredSession
  /** A close was sent; what the client still sends does not reach the app. */
  isClosing: boolean
  stop?: () => void
}

/** Hooks that accept no socket without a session, and close it when the session ends. */
export function withSession(hooks: Partial<Hooks>, signedIn: boolean): Partial<Hooks> {
  return takingPlace({
    ...hooks,
    upgrade: request => withErrorResponse(async () => {
      const session = await authenticate(cookieOfUpgrade(request), signedIn)
      takeSocketPlace(request, useCloakroom(), { isLimitedByAddress: session.record.userId === null })
      Object.assign(request.context, { [STATE]: { session, isClosing: false } satisfies SocketState })
      return hooks.upgrade?.(request)
    }),
    open(peer) {
      follow(peer)
      return stateOf(peer).isClosing ? undefined : hooks.open?.(peer)
    },
    message(peer, message) {
      return stateOf(peer).isClosing ? undefined : hooks.message?.(peer, message)
    },
    close(peer, details) {
      stateOf(peer).stop?.()
      return hooks.close?.(peer, details)
    },
  } satisfies Partial<Hooks>)
}

/** The session that a socket was opened with. @throws Error for a socket of another handler */
export function sessionOfPeer(peer: Peer): StoredSession {
  return stateOf(peer).session
}

/** Separate from the session of any request: opening a socket is not activity, and no cookie can be set. */
async function authenticate(cookie: CookieReading, signedIn: boolean): Promise<StoredSession> {
  const { session } = await useCloakroom().engine.authenticator.authenticate(cookie)
  if (!session) throw new SessionError('no_session', 'There is no session, or it has ended.')
  if (signedIn && session.session.record.userId === null) throw new SessionError('no_session', 'No user is signed in.')
  return session.session
}

/** The session may have ended since the upgrade, so the store is read again. */
function follow(peer: Peer) {
  const { connections } = useCloakroom()
  const state = stateOf(peer)
  const stop = connections.watch(state.session, message => notify(peer, message), 'socket')
  if (stop) state.stop = stop
  else if (connections.isClosed) close(peer, GOING_AWAY, 'shutdown')
  else close(peer, TRY_AGAIN_LATER, 'too many sockets')
}

function notify(peer: Peer, message: ConnectionMessage) {
  if (message.type === 'ended') close(peer, POLICY_VIOLATION, message.reason)
  else if (message.type === 'signed_in') close(peer, POLICY_VIOLATION, 'signed_in')
  else if (message.type === 'shutdown') close(peer, GOING_AWAY, 'shutdown')
}

function close(peer: Peer, code: number, reason: string) {
  stateOf(peer).isClosing = true
  peer.close(code, reason)
}

function stateOf({ context }: Peer): SocketState {
  const state = (context as Record<symbol, SocketState | undefined>)[STATE]
  if (!state) throw new Error('[cloakroom] This WebSocket was not opened by defineSessionWebSocketHandler')
  return state
}
