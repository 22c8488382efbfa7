import type { IncomingMessage } from 'node:http'

const MAX_BYTES = 1_024

/** Returns up to 1 KiB of the body as text; the comparison's page sends far less. Reads and discards the rest. */
export async function readSmallBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BYTES) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
