import type { IncomingMessage } from 'node:http'

const MAX_BYTES = 1_024

/**
 * The body as text, as far as 1 KiB: what the comparison's own page sends is far shorter. The rest is read and dropped.
 */
export async function readSmallBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BYTES) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
