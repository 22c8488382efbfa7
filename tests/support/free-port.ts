import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'

/**
 * Below the ports that Linux (32768) and other systems (49152) assign to outgoing connections; so are those of the bus
 * of a Redis cluster, which are 10,000 higher, and no block has those.
 */
const FIRST_PORT = 11_000
const BLOCKS = 150
const BLOCK_SIZE = 64

let block: Promise<number> | undefined
let used = 0

/**
 * Returns a port that stays free until the caller listens on it, even if the server on it restarts.
 *
 * Each process owns a block of ports, so no other process takes a port between this call and the caller's `listen`.
 */
export async function freePort(): Promise<number> {
  const first = await (block ??= ownBlock())
  for (let tried = 1; tried < BLOCK_SIZE; tried++) {
    const port = first + 1 + (used++ % (BLOCK_SIZE - 1))
    if (await isFree(port)) return port
  }
  throw new Error(`Ports ${first} to ${first + BLOCK_SIZE - 1} are all in use.`)
}

/** Reserves a block for this process: a process owns the block while it listens on its first port. */
async function ownBlock(): Promise<number> {
  for (let tried = 0; tried < BLOCKS; tried++) {
    const first = FIRST_PORT + ((process.pid + tried) % BLOCKS) * BLOCK_SIZE
    const server = await listen(first)
    if (server) {
      server.unref()
      return first
    }
  }
  throw new Error(`Each of ${BLOCKS} blocks of ports from ${FIRST_PORT} on is in use.`)
}

/** Checks all addresses, because a server under test may listen on any of them. */
async function isFree(port: number): Promise<boolean> {
  const server = await listen(port)
  if (!server) return false
  server.close()
  await once(server, 'close')
  return true
}

/** Returns `undefined` if the port is in use. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port)
  try {
    await once(server, 'listening')
    return server
  }
  catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code!)) return undefined
    throw error
  }
}
