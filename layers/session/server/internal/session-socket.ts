import type { Hooks, Peer } from 'crossws'
import { SessionError } from '../engine/errors'
import type { LiveSession } from '../engine/record'
import { sessionLayer } from './instance'
import type { LiveEvent } from './live-sessions'
import { answeringErrors } from './socket-guard'

/** WebSocket close codes (RFC 6455 §7.4.1, and its registry at IANA). */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013

const STATE = Symbol('the session of a socket')

/** What a socket knows of its session: in the context that crossws hands from the upgrade on to the peer. */
interface SocketState {
  readonly live: LiveSession
  /** Told to close; what still comes from the client is not for the app. */
  over: boolean
  stop?: () => void
}

/** Hooks that let nobody in without a session, and nobody stay when it has ended. */
export function hooksWithSession(hooks: Partial<Hooks>, signedIn: boolean): Partial<Hooks> {
  return {
    ...hooks,
    upgrade: request => answeringErrors(async () => {
      const live = await admit(request.headers.get('cookie') ?? undefined, signedIn)
      Object.assign(request.context, { [STATE]: { live, over: false } satisfies SocketState })
      return hooks.upgrade?.(request)
    }),
    open(peer) {
      follow(peer)
      return stateOf(peer).over ? undefined : hooks.open?.(peer)
    },
    message(peer, message) {
      return stateOf(peer).over ? undefined : hooks.message?.(peer, message)
    },
    close(peer, details) {
      stateOf(peer).stop?.()
      return hooks.close?.(peer, details)
    },
  }
}

/** The session that a socket was opened with. @throws Error for a socket of another handler */
export function sessionOfPeer(peer: Peer): LiveSession {
  return stateOf(peer).live
}

/** Read apart from any request's session: to open a socket is no activity, and no cookie can be set. */
async function admit(cookieHeader: string | undefined, signedIn: boolean): Promise<LiveSession> {
  const admitted = await sessionLayer().engine.load(cookieHeader)
  if (!admitted) throw new SessionError('no_session', 'There is no session, or it has ended.')
  if (signedIn && admitted.live.record.owner === null) throw new SessionError('no_session', 'Nobody is signed in.')
  return admitted.live
}

/** From the store's point of view at once: the session may have ended since the upgrade. */
function follow(peer: Peer) {
  const { live: sessions } = sessionLayer()
  const state = stateOf(peer)
  const stop = sessions.watch(state.live, event => tell(peer, event), 'socket')
  if (stop) state.stop = stop
  else if (sessions.closed) dismiss(peer, GOING_AWAY, 'shutdown')
  else dismiss(peer, TRY_AGAIN_LATER, 'too many sockets')
}

function tell(peer: Peer, event: LiveEvent) {
  if (event.type === 'ended') dismiss(peer, POLICY_VIOLATION, event.reason)
  else if (event.type === 'signed_in') dismiss(peer, POLICY_VIOLATION, 'signed_in')
  else if (event.type === 'shutdown') dismiss(peer, GOING_AWAY, 'shutdown')
}

function dismiss(peer: Peer, code: number, reason: string) {
  stateOf(peer).over = true
  peer.close(code, reason)
}

function stateOf({ context }: Peer): SocketState {
  const state = (context as Record<symbol, SocketState | undefined>)[STATE]
  if (!state) throw new Error('[session] This WebSocket was not opened by defineSessionWebSocketHandler')
  return state
}
