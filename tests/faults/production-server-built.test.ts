import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
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

/** The same promises as of the bare server, of what `npm run build` made: that Nitro's own entry is not the one in it. */
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

  it('speaks TLS 1.2 and 1.3 with the local certificate, and no older', async () => {
    server = await startBuiltServer()
    const { port } = new URL(server.origin)
    const handshake = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
      const socket = connect({ host: 'localhost', port: Number(port), ca, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' })
      await once(socket, 'secureConnect')
      return socket.destroy().authorized
    }
    expect(await handshake('TLSv1.3')).toBe(true)
    expect(await handshake('TLSv1.2')).toBe(true)
    await expect(handshake('TLSv1.1')).rejects.toThrow(/protocol version/)
  })

  it.each([
    [{ NUXT_TLS_CERT: 'certs/localhost.pem' }, /\[tls\] NUXT_TLS_CERT is set but NUXT_TLS_KEY is not/],
    [{ NUXT_TLS_CERT: 'certs/localhost.pem', NUXT_TLS_KEY: 'none.pem' }, /\[tls\] NUXT_TLS_KEY \(none\.pem\) cannot be read/],
  ])('does not start with %j', async (env, sentence) => {
    await expect(startBuiltServer(env)).rejects.toThrow(sentence)
  })

  it('runs as in production though nobody says so: what a client asks for in vain does not fill the log', async () => {
    server = await startBuiltServer({ NODE_ENV: '' })
    const lines = server.logs.length
    const [response] = await once(request(`${server.origin}/no-such-page`, { ca, agent: false, headers: { accept: 'text/html' } }).end(), 'response') as [IncomingMessage]
    expect([response.statusCode, await text(response)]).toEqual([404, expect.stringContaining('No such page')])
    await server.stop()
    expect(server.logs.slice(lines).filter(line => !line.startsWith('[tls] SIGTERM'))).toEqual([])
  })

  it('calls Nitro\'s hooks for a request without a task for DevTools: three of them took a tenth of a read', async () => {
    const report = 'const { createTask } = console; console.createTask = (name) => { console.log(`task ${name}`); return createTask(name) }; console.createTask("seen")'
    server = await startBuiltServer({ NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(report)}"` })
    const [response] = await once(request(`${server.origin}/api/_session`, { ca, agent: false }).end(), 'response') as [IncomingMessage]
    await text(response)
    await server.stop()
    expect(server.logs.filter(line => line.startsWith('task '))).toEqual(['task seen'])
  })

  it('loses no request when it is told to stop under load, and exits with 0', async () => {
    server = await startBuiltServer()
    const agent = new Agent({ keepAlive: true, ca })
    const underLoad = Promise.withResolvers<undefined>()
    let answers = 0
    const client = async (): Promise<unknown> => {
      for (;;) {
        try {
          const [response] = await once(request(`${server!.origin}/api/_session`, { agent }).end(), 'response') as [IncomingMessage]
          await text(response)
          if (response.statusCode !== 200) return response.statusCode
          if (++answers === 20 * CLIENTS) underLoad.resolve(undefined)
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
