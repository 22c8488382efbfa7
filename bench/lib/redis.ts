import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CORES, onCore } from './load.ts'
import { freePort } from './server.ts'

/** A Redis in a separate folder, with its default settings but no snapshots. */
export interface RunningRedis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a Redis on the load's core. Returns `null` if it does not start, for example because it is not installed. */
export async function startRedis(folder: string): Promise<RunningRedis | null> {
  const port = await freePort()
  const child = spawn(
    ...onCore(CORES.load, [
      'redis-server',
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
    ]),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ready = await Promise.race([
    isReady(createInterface(child.stdout)),
    once(child, 'exit').then(
      () => false,
      () => false,
    ),
  ])
  if (!ready) return null
  child.stdout.resume()
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid!,
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function isReady(lines: AsyncIterable<string>): Promise<boolean> {
  for await (const line of lines) if (line.includes('Ready to accept connections')) return true
  return false
}
