import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { fixtureEnvironment } from '../support/fixture-build.ts'
import { freePort } from '../support/free-port.ts'
import { rounds } from '../support/limits.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const SEED = 1
const REQUESTS = rounds(400, 20_000)
/** As if there were a proxy in front of the server. */
const ORIGIN = 'https://host.test'
const SIGN_IN = 'POST /api/sign-in?name={marker}'
const PATHS = ['/', '/api/me', '/api/widget/1', '/guarded/plain', '/cached/guest', '/cdn']

describe('the fuzzer, as npx runs it, on an app that installed the module', () => {
  const directory = makeDirectory()
  let app: string
  let server: Awaited<ReturnType<typeof startServer>>

  beforeAll(async () => {
    app = await buildPackedApp('npm', 'host')
    server = await startServer()
  })

  afterAll(async () => {
    await server?.stop()
    directory.remove()
  })

  it(`finds nothing in ${REQUESTS} requests`, async () => {
    const { code, output } = await fuzz(
      ...['--seed', String(SEED), '--requests', String(REQUESTS), '--start', SIGN_IN, '--origin', ORIGIN],
      ...['--log', directory.path('log'), '--store', `sqlite:${directory.path('sessions.db')}`],
      ...PATHS.flatMap(path => ['--path', path]),
      ...['/ws/chat', '/ws/plain'].flatMap(path => ['--socket', path]),
    )
    expect(output).toContain('\n2 sessions\n')
    expect(output).toMatch(new RegExp(`\n${REQUESTS} requests, 0 findings\n$`))
    expect(code).toBe(0)
  })

  it('does not run on another machine without permission', async () => {
    const { code, errors } = await run('fuzz', 'http://192.0.2.1')
    expect(errors).toBe('192.0.2.1 is another machine. If you have permission to attack it, add --allow-remote.\n')
    expect(code).toBe(2)
  })

  it('shows how to use it', async () => {
    expect((await run('--help')).output).toMatch(/^npx nuxt-cloakroom fuzz URL \[options\]\n/)
  })

  async function startServer() {
    const port = await freePort()
    const log = openSync(directory.path('log'), 'a')
    const child = spawn(process.execPath, [join(app, '.output/server/index.mjs')], {
      cwd: directory.path(),
      env: fixtureEnvironment({
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(port),
        NUXT_CLOAKROOM_ORIGIN: ORIGIN,
        NUXT_CLOAKROOM_STORE: `sqlite:${directory.path('sessions.db')}`,
        NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000',
      }),
      stdio: ['ignore', log, log],
    })
    await eventually(() => expect(readFileSync(directory.path('log'), 'utf8')).toContain('Listening on'))
    return {
      url: `http://127.0.0.1:${port}`,
      async stop() {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      },
    }
  }

  function fuzz(...options: string[]) {
    return run('fuzz', server.url, ...options)
  }

  async function run(...args: string[]) {
    const child = spawn(join(app, 'node_modules/.bin/nuxt-cloakroom'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: code as number, output, errors }
  }
})
