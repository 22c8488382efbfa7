import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { readPair } from '../../../../server/tls/certificate'
import type { CheckedPair } from '../../../../server/tls/certificate'
import { createListener } from '../../../../server/tls/listener'
import { refuseMalformed, refuseOtherHosts, sendRefusal } from '../../../../server/tls/requests'
import { StartupError, readSettings } from '../../../../server/tls/settings'
import type { Settings } from '../../../../server/tls/settings'
import { subjectNames } from '../../../../server/tls/subject-names'
import type { ComparisonPorts, Target } from '../../shared/compare/origins'
import { answerJob } from './handler'
import type { Runs } from './runs'

/** Loopback only: the settings are wrong on purpose, so no other machine may reach them. */
const ADDRESSES = ['127.0.0.1', '::1']

interface ListenOptions {
  ports: ComparisonPorts
  runs: Runs
  env: NodeJS.ProcessEnv
  /** How long to wait for a port in use: in development, the previous server may still listen on it. */
  patienceMs: number
}

/** Opens the two other origins. Returns a function that closes them. Rejects if a port stays in use. */
export async function listen({ ports, runs, env, patienceMs }: ListenOptions): Promise<() => void> {
  const settings = readSettings(env)
  const pair = comparisonPair(settings)
  const servers: Server[] = []
  const close = () =>
    servers.forEach((server) => {
      server.close()
      server.closeAllConnections()
    })
  try {
    for (const [target, port] of [
      ['same-site', ports.sameSite],
      ['cross-site', ports.crossSite],
    ] as const) {
      for (const address of ADDRESSES) {
        const server = createServer(pair, settings, runs, target)
        if (await listenPatiently(server, address, port, performance.now() + patienceMs)) servers.push(server)
      }
    }
    return close
  }
  catch (error) {
    close()
    throw error
  }
}

function createServer(pair: CheckedPair, settings: Settings, runs: Runs, target: Target): Server {
  const refuseHost = refuseOtherHosts(pair.leaf)
  const server = createListener(pair, settings) as Server
  return server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = refuseMalformed(request) ?? refuseHost(request)
    if (refusal) return sendRefusal(response, refusal)
    answerJob(request, response, runs, target).then(
      isAnswered => isAnswered || explain(response),
      () => response.destroy(),
    )
  })
}

/** For a user who opens the origin in a tab, to see whether the browser trusts its certificate. */
function explain(response: ServerResponse): void {
  response.writeHead(404, {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end('Your browser trusts this origin. It serves only the comparison: go back to /compare.\n')
}

/** Returns false if this machine does not have the address, for example without IPv6. */
async function listenPatiently(server: Server, host: string, port: number, until: number): Promise<boolean> {
  for (;;) {
    try {
      server.listen({ host, port })
      await once(server, 'listening')
      return true
    }
    catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (host === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code ?? '')) return false
      if (code !== 'EADDRINUSE' || performance.now() > until) {
        throw new StartupError(
          `The comparison cannot listen on ${host}, port ${port} (${code}): stop what listens `
          + `there, or set NUXT_COMPARE_SAME_SITE_PORT and NUXT_COMPARE_CROSS_SITE_PORT.`,
          { cause: error },
        )
      }
      await sleep(100)
    }
  }
}

/**
 * Returns the server's certificate, for the comparison's listeners.
 *
 * @throws StartupError if there is none, or if it lacks one of the two names that make this machine two sites
 */
function comparisonPair({ tls }: Settings): CheckedPair {
  if (!tls)
    throw new StartupError(
      'NUXT_COMPARE needs this server\'s own TLS, and NUXT_CLOAKROOM_BEHIND_PROXY leaves '
      + 'that to a proxy: set only one of them.',
    )
  const pair = readPair(tls, new Date())
  const missing = ['localhost', '127.0.0.1'].filter(name => !subjectNames(pair.leaf).includes(name))
  if (missing.length === 0) return pair
  throw new StartupError(
    `NUXT_COMPARE needs a certificate for localhost and 127.0.0.1, and NUXT_TLS_CERT `
    + `(${tls.cert}) lacks ${missing.join(' and ')}: unset it to use the local one.`,
  )
}
