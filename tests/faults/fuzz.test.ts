import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { certificateFiles } from '../../certs/files.ts'
import { parseArguments } from '../../packages/nuxt-cloakroom/src/fuzz/arguments.ts'
import { fuzz } from '../../packages/nuxt-cloakroom/src/fuzz/fuzz.ts'
import { rounds, seed } from '../support/limits.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const REQUESTS = rounds(800, 40_000)
const REGISTER = 'POST /api/account/register {"name":"{marker}","password":"a passphrase of her own"}'
const PATHS = ['/', '/api/session', '/api/account', '/api/account/sign-in', '/api/account/register']
const CANARY = /cnry[0-9a-f]{12}x/
const STACK_LINE = /^\s+at /

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)(`the built server with FUZZ_SEED=${seed}`, () => {
  let server: BuiltServer

  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000' })
  })

  afterAll(() => server?.dispose())

  it(`breaks no rule in ${REQUESTS} requests of the fuzzer, and logs nothing of them`, async () => {
    const options = parseArguments([
      ...['fuzz', server.origin, '--ca', certificateFiles().caCert, '--seed', String(seed)],
      ...['--requests', String(REQUESTS), '--start', REGISTER, '--store', `sqlite:${server.storeFile}`],
      ...PATHS.flatMap(path => ['--path', path]),
    ])!
    const lines: string[] = []
    const code = await fuzz(options, line => lines.push(line))
    expect(lines).toContain('2 sessions')
    expect(lines.at(-1), lines.join('\n')).toBe(`${REQUESTS} requests, 0 findings`)
    expect(code).toBe(0)
    await server.stop()
    expect(server.logs.filter(line => CANARY.test(line) || STACK_LINE.test(line))).toEqual([])
  })
})
