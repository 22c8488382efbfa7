import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCertificate } from '../../certs/certificate.ts'
import { FIXTURE_ORIGIN, startFixture } from '../../tests/support/fixture-server.ts'
import { buildPackedApp } from '../../tests/support/packed-app.ts'
import { startBuiltServer } from '../../tests/support/server.ts'

const ROOT = join(import.meta.dirname, '../..')

/** How an attacker reaches a server. */
export interface Address {
  /** For example `https://localhost:41234`. */
  readonly url: string
  /** The `Origin` of the app's own pages. */
  readonly origin: string
  readonly kind: Kind
  /** The path of the largest static file. */
  readonly largestFile: string
}

/** This app on its own listener, or another app with the packed module on Nitro's own server. */
export type Kind = 'app' | 'host'

/** A server under attack. */
export interface Target extends Address {
  readonly pid: number
  readonly storeFile: string
  readonly logs: readonly string[]
  /** Where the server appends the delays of its event loop. */
  readonly delayFile: string
  dispose(): Promise<void>
}

/** The default is 100,000, which ten minutes do not fill. */
const MAX_ANONYMOUS = 5000

/** Starts a server with the limits that it has by default, except for {@link MAX_ANONYMOUS}. */
export async function startTarget(kind: Kind): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-limits-'))
  const delayFile = join(folder, 'event-loop.jsonl')
  const env = {
    NODE_OPTIONS: `--import=${join(import.meta.dirname, 'event-loop-delay.mjs')}`,
    SOAK_EVENT_LOOP_FILE: delayFile,
    NUXT_CLOAKROOM_MAX_ANONYMOUS: String(MAX_ANONYMOUS),
    NUXT_CLOAKROOM_AUDIT: 'stdout',
    NUXT_CLOAKROOM_TRUSTED_PROXIES: '127.0.0.1,::1', // So that the attackers have many addresses.
  }
  const server = kind === 'app' ? await startApp(env) : await startHost(env)
  return {
    ...server,
    kind,
    delayFile,
    async dispose() {
      await server.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startApp(env: Record<string, string>) {
  await ensureCertificate()
  const server = await startBuiltServer(env)
  const { origin, storeFile, logs } = server
  return {
    url: origin,
    origin,
    storeFile,
    logs,
    pid: server.pid!,
    dispose: () => server.dispose(),
    largestFile: largestFileOf(ROOT),
  }
}

async function startHost(env: Record<string, string>) {
  const app = await buildPackedApp('npm', 'host')
  const server = await startFixture(app, env)
  const { url, storeFile, logs } = server
  return {
    url,
    origin: FIXTURE_ORIGIN,
    storeFile,
    logs,
    pid: server.pid!,
    dispose: () => server.dispose(),
    largestFile: largestFileOf(app),
  }
}

function largestFileOf(app: string): string {
  const folder = join(app, '.output/public/_nuxt')
  const files = readdirSync(folder).filter(name => /\.(?:js|css)$/.test(name))
  const size = (name: string) => statSync(join(folder, name)).size
  return `/_nuxt/${files.sort((a, b) => size(b) - size(a))[0]}`
}
