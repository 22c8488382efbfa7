/** Each fragment takes far more memory than a byte, so a message of many is large, however short it is. */
const MAX_FRAGMENTS = 1024
const MESSAGE_TOO_BIG = 1009

/** What is private in a WebSocket of the package `ws`; a test of the built server checks it. */
interface SocketInternals {
  readonly _socket?: NodeJS.EventEmitter
  readonly _receiver?: { readonly _fragments?: readonly unknown[] }
  close?(code: number, reason: string): void
  terminate?(): void
}

/** Closes a WebSocket that sends one message in more than 1,024 fragments. `ws` limits only their bytes. */
export function limitFragments(socket: object): void {
  const { _socket: connection, _receiver: receiver } = socket as SocketInternals
  if (!connection || !receiver?._fragments) return
  // After the listener of `ws`, which has taken the same bytes apart by then.
  const onData = () => {
    if (receiver._fragments!.length <= MAX_FRAGMENTS) return
    connection.off('data', onData)
    const { close, terminate } = socket as SocketInternals
    close?.call(socket, MESSAGE_TOO_BIG, 'too many fragments')
    setImmediate(() => terminate?.call(socket))
  }
  connection.on('data', onData)
}
