import type { H3Event } from 'h3'

/** Milliseconds between two comments on a quiet stream: shorter than any proxy's patience. */
const HEARTBEAT = 25_000
/** Milliseconds that a client has to close a stream of which it knows the end. */
const SOON = 2000
/** Bytes that a client may leave unread before it is given up. */
const MOST_UNREAD = 64 * 1024

/** A response that stays open and carries server-sent events. */
export interface EventStream {
  send(event: string, data?: Readonly<Record<string, unknown>>): void
  end(): void
  /** Ends it in a moment, unless the client does so first. When thousands have to be told at once, closing their connections takes longer than telling them. */
  endSoon(): void
}

/**
 * One message of a stream. Data is JSON on one line, and a line break in a name goes: whatever is in it can begin no field of its own.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function formatEvent(event: string, data: Readonly<Record<string, unknown>> = {}): string {
  return `event: ${event.replace(/[\r\n\0]/g, '')}\ndata: ${JSON.stringify(data)}\n\n`
}

/**
 * Answers a request with a stream. No cache and no proxy may keep any of it back.
 *
 * By hand and not by h3's `createEventStream`: that one sends no comments, holds back its headers until the first event, and waits for a reader before it writes.
 *
 * @param closed called once, whoever ends it
 */
export function openEventStream({ node: { req, res } }: H3Event, closed: () => void): EventStream {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  res.flushHeaders()
  const write = (text: string) => {
    if (res.writableEnded) return
    if (res.writableLength > MOST_UNREAD) res.destroy()
    else res.write(text)
  }
  const heartbeat = setInterval(write, HEARTBEAT, ':\n\n')
  heartbeat.unref()
  let ending: NodeJS.Timeout | undefined
  res.once('close', () => {
    clearInterval(heartbeat)
    clearTimeout(ending)
    closed()
  })
  req.socket.setKeepAlive(true, HEARTBEAT)
  return {
    send: (event, data) => write(formatEvent(event, data)),
    end: () => void res.end(),
    endSoon: () => void (ending ??= setTimeout(() => res.end(), SOON).unref()),
  }
}
