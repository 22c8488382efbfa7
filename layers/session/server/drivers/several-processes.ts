import cluster from 'node:cluster'
import type { AtomicDriver } from '../engine/store'

/**
 * Warns where a store that is atomic only within one process is used by one of several. A process learns of the others only
 * from who has started it: `node:cluster` (also Nitro's preset, and PM2's cluster mode) or PM2, which numbers its instances from 0.
 */
export function warnOfProcesses({ name, atomicity }: AtomicDriver, warn: (message: string) => void) {
  if (atomicity === 'cross-process' || !isOneOfSeveral()) return
  warn(`[session] This is one of several processes, but the store (${name}) holds its promises only within one: updates may be lost between them. Use sqlite:FILE or redis://HOST.`)
}

function isOneOfSeveral(): boolean {
  return cluster.isWorker || Number(process.env.NODE_APP_INSTANCE) > 0
}
