import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { findProgram } from './system-program.ts'

const RETRY_DELAY_MS = 50

export interface Nginx {
  /** Its address on loopback, over plain HTTP. */
  readonly url: string
  dispose(): Promise<void>
}

export function findNginx(): string | undefined {
  return findProgram(['nginx'], 'nginx-light', 'nothing is tested behind nginx')
}

/**
 * Starts nginx over plain HTTP on a free port, with its own folder.
 *
 * @param locations the contents of its `server` block
 */
export async function startNginx(program: string, locations: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-nginx-'))
  const port = await freePort()
  mkdirSync(join(folder, 'temporary'))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${join(folder, 'temporary', name)};`)
    .join('\n')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(configuration, `
    daemon off; worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr; ${user}
    events {}
    http { access_log off; ${paths} server { listen 127.0.0.1:${port}; ${locations} } }
  `)
  const child = spawn(program, ['-p', folder, '-c', configuration], { stdio: ['ignore', 'inherit', 'inherit'] })
  while (!await accepts(port)) {
    if (child.exitCode !== null) throw new Error(`nginx exited with ${child.exitCode}`)
    await delay(RETRY_DELAY_MS)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async dispose() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  }
  catch {
    return false
  }
  finally {
    socket.destroy()
  }
}
