import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { killAll, start } from '../fixtures/bare-server/start.ts'
import { install, issuePair } from '../unit/tls/pairs.ts'
import type { Pair } from '../unit/tls/pairs.ts'

const CLIENTS = 16

let folder: string
let pair: Pair
let env: ReturnType<typeof install>
let agent: Agent

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-server-'))
  pair = await issuePair()
})

beforeEach(() => {
  env = install(folder, 'pair', pair)
  agent = new Agent({ keepAlive: true, ca: pair.ca })
})

afterEach(() => {
  killAll()
  agent.destroy()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A request over TLS, verified against the CA, on a connection that is kept alive. */
async function call(port: number, path = '/') {
  const outgoing = request({ host: 'localhost', port, path, agent }).end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  return { status: response.statusCode, connection: response.headers.connection, body: () => text(response) }
}

/**
 * Makes one request after the other until the server accepts no more connections. Returns any other failure, which is a
 * lost request.
 */
async function load(port: number, onResponse: () => void): Promise<unknown[]> {
  for (;;) {
    try {
      const { status, body } = await call(port)
      if (status !== 200 || await body() !== 'ok') return [status]
      onResponse()
    }
    catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'ECONNREFUSED' ? [] : [error]
    }
  }
}

async function certificateAt(port: number): Promise<string> {
  const socket = connect({ host: 'localhost', port, servername: 'localhost', ca: pair.ca })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerX509Certificate()!
  socket.destroy()
  return serialNumber
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('stops a server under load without losing a request, then it flushes and exits with 0', async () => {
    const { port, child, line, lines, exit } = await start(env)
    const held = call(port, '/held')
    await line(/^holding/)
    let responses = 0
    const underLoad = Promise.withResolvers<undefined>()
    const clients = Array.from({ length: CLIENTS }, () => load(port, () => {
      if (++responses === 20 * CLIENTS) underLoad.resolve(undefined)
    }))
    await underLoad.promise
    child.kill(signal)
    await line(new RegExp(`^\\[tls\\] ${signal}`))
    expect((await Promise.all(clients)).flat()).toEqual([])
    expect(lines).not.toContain('closed')
    child.stdin!.write('release\n')
    const response = await held
    expect(response.connection).toBe('close')
    expect(await response.body()).toBe('held')
    expect(await exit).toBe(0)
    expect(lines.slice(-2)).toEqual(['shutdown', 'closed'])
  })
})

describe('SIGTERM', () => {
  it('ends streams that would never end by themselves', async () => {
    const { port, child, exit } = await start(env)
    const stream = await call(port, '/stream')
    child.kill('SIGTERM')
    expect(await stream.body()).toBe('firstlast')
    expect(await exit).toBe(0)
  })

  it('stops an idle server at once', async () => {
    const { child, exit, lines } = await start(env)
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    const message = '[tls] SIGTERM: no new connections; requests to finish: 0'
    expect(lines.slice(-3)).toEqual([message, 'shutdown', 'closed'])
  })

  it('ends pending requests after NITRO_SHUTDOWN_TIMEOUT, then the server flushes and exits with 1', async () => {
    const { port, child, line, lines, exit } = await start({ ...env, NITRO_SHUTDOWN_TIMEOUT: '50' })
    const held = call(port, '/held')
    await line(/^holding/)
    child.kill('SIGTERM')
    await expect(held).rejects.toThrow(/socket hang up|ECONNRESET/)
    expect(await exit).toBe(1)
    expect(lines).toContainEqual(expect.stringContaining('after 50 ms (NITRO_SHUTDOWN_TIMEOUT) were cut off'))
    expect(lines).toContain('closed')
  })

  it('sent twice stops the server immediately', async () => {
    const { port, child, line, exit } = await start(env)
    const held = call(port, '/held')
    await line(/^holding/)
    child.kill('SIGTERM')
    await line(/^\[tls\] SIGTERM/)
    child.kill('SIGTERM')
    await expect(held).rejects.toThrow(/socket hang up|ECONNRESET/)
    expect(await exit).toBe(1)
  })
})

describe('SIGHUP', () => {
  it('loads a renewed certificate for new connections, and reports the new origins', async () => {
    const { port, child, line } = await start(env)
    const renewed = await issuePair(['localhost', 'app.test'])
    const before = await certificateAt(port)
    await (await call(port)).body()
    install(folder, 'pair', renewed)
    child.kill('SIGHUP')
    await line(/^\[tls\] SIGHUP: now serving/)
    expect(await line(/app\.test/)).toBe(`origins https://localhost:${port} https://app.test:${port}`)
    expect((await call(port)).status, 'on the connection opened before').toBe(200)
    pair = renewed
    const after = await certificateAt(port)
    expect(after).toBe(new X509Certificate(renewed.cert).serialNumber)
    expect(after).not.toBe(before)
  })

  it('keeps the current certificate if the new one is not valid, and logs the reason', async () => {
    const { port, child, line } = await start(env)
    writeFileSync(env.NUXT_TLS_KEY, (await issuePair()).key)
    child.kill('SIGHUP')
    const reason = /the certificate in use stays\. NUXT_TLS_KEY .* is not the key of NUXT_TLS_CERT/
    expect(await line(/^\[tls\] SIGHUP/)).toMatch(reason)
    expect(await certificateAt(port)).toBe(new X509Certificate(pair.cert).serialNumber)
  })

  it('changes nothing behind a proxy', async () => {
    const { port, child, line } = await start({ NUXT_CLOAKROOM_BEHIND_PROXY: '1' })
    child.kill('SIGHUP')
    await line(/^\[tls\] SIGHUP: nothing to reload/)
    const [response] = await once(httpRequest({ host: 'localhost', port }).end(), 'response') as [IncomingMessage]
    expect(await text(response)).toBe('ok')
  })
})
