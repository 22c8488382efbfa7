import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { parseArguments } from '../../../packages/nuxt-cloakroom/src/fuzz/arguments'
import { fuzz } from '../../../packages/nuxt-cloakroom/src/fuzz/fuzz'
import { makeDirectory } from '../../support/directory.ts'
import { SOCKET_PATH, startMiniApp } from '../../support/mini-app.ts'
import type { Fault } from '../../support/mini-app.ts'
import { changeDatabase } from '../../support/store.ts'

const REQUESTS = 400
const MAX_MESSAGE_BYTES = 128 * 1024

describe('the fuzzer', () => {
  const directory = makeDirectory()

  afterEach(() => directory.remove())

  it('finds nothing in an app that breaks no rule', async () => {
    const { code, lines } = await run()
    expect(lines.filter(line => line.includes('FINDING'))).toEqual([])
    expect(lines.slice(0, 2)).toEqual(['Seed 1', '2 sessions'])
    expect(lines.at(-1)).toBe(`${REQUESTS} requests, 0 findings`)
    expect(code).toBe(0)
  })

  it.each<[Fault, string]>([
    ['server-error', 'server-error: The response is a server error, 500.'],
    ['wrong-session', 'wrong-session: Without a valid cookie, the status is anonymous and there is a session.'],
    ['cookie-set', 'cookie-set: The session cookie is set for a request without a valid one.'],
    ['leak', 'leak: The response contains data of session '],
    ['cross-origin', 'cross-origin: A request of another origin is not refused: 404.'],
    ['cross-origin-socket', 'cross-origin-socket: A WebSocket is opened with the session cookie for another origin.'],
    ['open-socket', 'socket-limits: A WebSocket is opened on a path that has no handler.'],
    ['endless-socket', `socket-limits: A WebSocket stays open after ${MAX_MESSAGE_BYTES} bytes of one message.`],
    ['row-created', 'row-created: The store has '],
    ['logged', 'logged: The log contains a value from the query of a request.'],
    ['stack-trace', 'stack-trace: The log contains '],
  ])('reports the fault %s, and no other one', async (fault, message) => {
    const { code, lines } = await run(fault)
    const findings = lines.filter(line => line.includes('FINDING'))
    expect(findings).not.toEqual([])
    expect(findings.filter(line => !line.startsWith(`\nFINDING ${message}`))).toEqual([])
    expect(code).toBe(1)
  })

  it('stops at an outage of the store, which is no finding', async () => {
    const { code, lines } = await run('outage')
    expect(lines.at(-2)).toMatch(/^\d requests, 0 findings$/)
    expect(lines.at(-1)).toBe('The store of the server does not respond: start it, and run the fuzzer again.')
    expect(code).toBe(3)
  })

  it('prints the request and how to repeat it, without the cookies of the sessions', async () => {
    const { lines } = await run('cross-origin')
    const [repeat] = lines.filter(line => line.startsWith('Repeat it with'))
    const index = Number(/^Repeat it with: --seed 1 --only (\d+)$/.exec(repeat!)![1])
    const printed = lines[lines.indexOf(repeat!) + 2]!
    expect(printed).toContain('Cookie: __Host-session=<cookie of session ')
    const again = await run('cross-origin', '--only', String(index))
    expect(again.lines).toContain(printed.replaceAll(/127\.0\.0\.1:\d+/g, new URL(again.url).host))
  })

  it('runs without a session if the app begins none', async () => {
    const { code, lines } = await runWithoutStart()
    expect(lines[1]).toBe('No session: without one, fewer requests are forged.')
    expect(code).toBe(0)
  })

  it('does not run if the request that was given begins no session, and says why', async () => {
    await expect(run(undefined, '--start', 'GET /api/_session'))
      .rejects.toThrow('The request of --start has begun no session. Response: 200.')
    await expect(run(undefined, '--start', 'POST /start', '--origin', 'https://app.example.com'))
      .rejects.toThrow('Response: 403. If the server is configured with another origin, give it with --origin.')
  })

  it('does not run against a server without the module', async () => {
    const options = parseArguments(['fuzz', 'http://127.0.0.1:1'])!
    await expect(fuzz(options, () => {})).rejects.toThrow('does not respond as nuxt-cloakroom does: unreachable')
  })

  it('does not skip the check of a certificate on another machine', async () => {
    const options = parseArguments(['fuzz', 'https://192.0.2.1', '--allow-remote', '--insecure'])!
    await expect(fuzz(options, () => {})).rejects.toThrow('--insecure is only for this machine')
  })

  const run = (fault?: Fault, ...more: string[]) => runWithoutStart(fault, '--start', 'POST /start', ...more)

  async function runWithoutStart(fault?: Fault, ...more: string[]) {
    const [logFile, storeFile] = [directory.path('log'), directory.path('sessions.db')]
    writeFileSync(logFile, 'The log of before is not searched: cnry\n    at somewhere\n')
    changeDatabase(storeFile, 'DROP TABLE IF EXISTS sessions; CREATE TABLE sessions (key TEXT PRIMARY KEY)')
    const app = await startMiniApp({ fault, logFile, storeFile })
    const lines: string[] = []
    try {
      const options = parseArguments([
        ...['fuzz', app.url, '--seed', '1', '--requests', String(REQUESTS)],
        ...['--socket', SOCKET_PATH, '--max-message', String(MAX_MESSAGE_BYTES)],
        ...['--log', logFile, '--store', `sqlite:${storeFile}`],
        ...more,
      ])!
      return { code: await fuzz(options, line => lines.push(line)), lines, url: app.url }
    }
    finally {
      await app.stop()
    }
  }
})
