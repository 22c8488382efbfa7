import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const CLIENTS = 8

/** Run before the server: prints a line for each DevTools task that is created, and creates one itself. */
const REPORT_TASKS = `
const { createTask } = console
console.createTask = (name) => {
  console.log(\`task \${name}\`)
  return createTask(name)
}
console.createTask("seen")
`

/** What the tests of the bare server check, for the result of `npm run build`: it contains this server, not Nitro's. */
describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the built server', () => {
  let ca: string
  let server: BuiltServer | undefined

  beforeAll(async () => {
    ca = readFileSync((await ensureCertificate()).caCert, 'utf8')
  })

  afterEach(async () => {
    await server?.dispose()
    server = undefined
  })

  async function get(path: string, options: RequestOptions): Promise<{ status: number | undefined, body: string }> {
    const outgoing = request(server!.origin + path, options).end()
    const [response] = await once(outgoing, 'response') as [IncomingMessage]
    return { status: response.statusCode, body: await text(response) }
  }

  it('accepts TLS 1.2 and 1.3 with the local certificate, and no older version', async () => {
    server = await startBuiltServer()
    const { port } = new URL(server.origin)
    const handshake = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
      const socket = connect({
        host: 'localhost',
        port: Number(port),
        ca,
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      })
      await once(socket, 'secureConnect')
      return socket.destroy().authorized
    }
    expect(await handshake('TLSv1.3')).toBe(true)
    expect(await handshake('TLSv1.2')).toBe(true)
    await expect(handshake('TLSv1.1')).rejects.toThrow(/protocol version/)
  })

  it.each([
    [
      { NUXT_TLS_CERT: 'certs/localhost.pem' },
      /\[tls\] NUXT_TLS_CERT is set but NUXT_TLS_KEY is not/,
    ],
    [
      { NUXT_TLS_CERT: 'certs/localhost.pem', NUXT_TLS_KEY: 'none.pem' },
      /\[tls\] NUXT_TLS_KEY \(none\.pem\) cannot be read/,
    ],
  ])('does not start with %j', async (env, message) => {
    await expect(startBuiltServer(env)).rejects.toThrow(message)
  })

  it('runs in production mode also without NODE_ENV, so requests for unknown pages are not logged', async () => {
    server = await startBuiltServer({ NODE_ENV: '' })
    const lines = server.logs.length
    const { status, body } = await get('/no-such-page', { ca, agent: false, headers: { accept: 'text/html' } })
    expect([status, body]).toEqual([404, expect.stringContaining('No such page')])
    await server.stop()
    expect(server.logs.slice(lines).filter(line => !line.startsWith('[tls] SIGTERM'))).toEqual([])
  })

  it('calls Nitro\'s hooks without a DevTools task: three per request take a tenth of a read', async () => {
    const script = `data:text/javascript,${encodeURIComponent(REPORT_TASKS)}`
    server = await startBuiltServer({ NODE_OPTIONS: `--import="${script}"` })
    await get('/api/_session', { ca, agent: false })
    await server.stop()
    expect(server.logs.filter(line => line.startsWith('task '))).toEqual(['task seen'])
  })

  it('loses no request when it is stopped under load, and exits with 0', async () => {
    server = await startBuiltServer()
    const agent = new Agent({ keepAlive: true, ca })
    const underLoad = Promise.withResolvers<undefined>()
    let responses = 0
    const client = async (): Promise<unknown> => {
      for (;;) {
        try {
          const { status } = await get('/api/_session', { agent })
          if (status !== 200) return status
          if (++responses === 20 * CLIENTS) underLoad.resolve(undefined)
        }
        catch (error) {
          return (error as NodeJS.ErrnoException).code
        }
      }
    }
    const clients = Array.from({ length: CLIENTS }, client)
    await Promise.race([underLoad.promise, ...clients])
    const exit = server.stop()
    expect(new Set(await Promise.all(clients))).toEqual(new Set(['ECONNREFUSED']))
    expect(await exit).toBe(0)
    agent.destroy()
  })
})
