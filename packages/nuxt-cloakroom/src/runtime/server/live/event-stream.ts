import type { IncomingMessage, ServerResponse } from 'node:http'

/** Interval of comments on a quiet stream: shorter than the idle timeout of any common proxy. */
const HEARTBEAT_INTERVAL_MS = 25_000
/** How long a client has to close a stream after its last event. */
const CLOSE_DELAY_MS = 2000
/** A client that leaves more unread is disconnected. */
const MAX_UNREAD_BYTES = 64 * 1024

/** A response that stays open and carries server-sent events. */
export interface EventStream {
  send(event: string, data?: Readonly<Record<string, unknown>>): void
  end(): void
  /**
   * Ends it after a short delay, unless the client closes it first: closing thousands at once takes longer than
   * notifying.
   */
  endSoon(): void
}

/**
 * Formats one server-sent event. Data is JSON on one line, and line breaks in the name are removed, so that no content
 * can start a field of its own.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function formatEvent(event: string, data: Readonly<Record<string, unknown>> = {}): string {
  return `event: ${event.replace(/[\r\n\0]/g, '')}\ndata: ${JSON.stringify(data)}\n\n`
}

/**
 * Responds with an event stream that no cache stores and no proxy buffers.
 *
 * Not by h3's `createEventStream`, which sends no comments, holds back its headers until the first event, and waits for
 * a reader before it writes.
 *
 * @param onClose called once when the stream has ended, by either side
 */
export function openEventStream(
  { req, res }: { req: IncomingMessage, res: ServerResponse },
  onClose: () => void,
): EventStream {
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  res.flushHeaders()
  const write = (text: string) => {
    if (res.writableEnded) return
    if (res.writableLength > MAX_UNREAD_BYTES) res.destroy()
    else res.write(text)
  }
  const heartbeat = setInterval(write, HEARTBEAT_INTERVAL_MS, ':\n\n').unref()
  let ending: NodeJS.Timeout | undefined
  const close = () => {
    clearInterval(heartbeat)
    clearTimeout(ending)
    onClose()
  }
  if (res.closed || req.socket.destroyed) close() // The client left before; no event comes any more.
  else res.once('close', close)
  req.socket.setKeepAlive(true, HEARTBEAT_INTERVAL_MS)
  return {
    send: (event, data) => write(formatEvent(event, data)),
    end() {
      res.end()
    },
    endSoon() {
      ending ??= setTimeout(() => res.end(), CLOSE_DELAY_MS).unref()
    },
  }
}
