import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp, packModule, typeCheck } from '../support/packed-app.ts'

/** Options that make TypeScript stricter. An error under one of them is an error under all of them together. */
const STRICT_OPTIONS = {
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
}

/** One error under each of the options. */
const ERRORS = `
import { EventHandler } from 'h3'
enum Color { Red }
const optional: { name?: string } = { name: undefined }
const record: Record<string, string> = {}
const length = record['name'].length
export const all = { color: Color.Red, optional, length, name: record.name, handler: null as EventHandler | null }
`
const ERROR_CODES = ['TS1294', 'TS1484', 'TS2375', 'TS2532', 'TS4111']

describe('the packed module', () => {
  it('contains the built sources, the license and the README, and no tests, secrets or sources', async () => {
    const files = execFileSync('tar', ['-tzf', await packModule()], { encoding: 'utf8' })
      .trim()
      .split('\n')
    expect(files).toEqual(
      expect.arrayContaining([
        'package/LICENSE',
        'package/README.md',
        'package/dist/module.mjs',
        'package/dist/types.d.mts',
        'package/dist/runtime/server/plugins/cloakroom.js',
        'package/dist/testing/races.js',
        'package/dist/fuzz/command.js',
      ]),
    )
    const unexpected
      = /\.(?:test|spec)\.|\.(?:pem|key|db|keys)$|node_modules|\.output|^package\/src|(?<!\.d|\.d\.vue)\.ts$/
    expect(files.filter(file => unexpected.test(file))).toEqual([])
  })
})

describe.each(['npm', 'pnpm'] as const)('an app that installed the module with %s', (manager) => {
  let app: string

  beforeAll(async () => {
    app = await buildPackedApp(manager)
  })

  it('signs in and updates the session', async () => {
    const server = await startFixture(app)
    try {
      const visitor = new FixtureVisitor(server)
      expect((await visitor.post('/api/cart')).status).toBe(401)
      expect((await visitor.post('/api/sign-in')).json()).toEqual({ userId: 'ada' })
      expect((await visitor.post('/api/cart')).json()).toEqual({ cart: ['apple', 'pear'] })
      expect((await visitor.get('/')).text).toContain('Cart: apple, pear')
    }
    finally {
      await server.dispose()
    }
  })

  it('has no Redis client in its server, because it uses SQLite', () => {
    const output = join(app, '.output/server')
    const bundles = globSync('**/*.mjs', { cwd: output }).filter(file => !file.startsWith('node_modules'))
    expect(bundles.filter(file => /ioredis|redisDriver/.test(readFileSync(join(output, file), 'utf8')))).toEqual([])
    expect(globSync('node_modules/ioredis', { cwd: output })).toEqual([])
  })

  it('type-checks under all options that make TypeScript stricter', async () => {
    await typeCheck(app, STRICT_OPTIONS)
  })

  it('type-checks with strict: false', async () => {
    await typeCheck(app, { strict: false })
  })

  it('fails the type check for code that each option forbids, so the options are in effect', async () => {
    const file = join(app, 'server/utils/errors.ts')
    try {
      execFileSync('mkdir', ['-p', join(app, 'server/utils')])
      writeFileSync(file, ERRORS)
      const output = await typeCheck(app, STRICT_OPTIONS).then(
        () => '',
        (error: Error) => error.message,
      )
      const codes = [...output.matchAll(/server\/utils\/errors\.ts\S*: error (TS\d+)/g)].map(([, code]) => code)
      expect([...new Set(codes)].sort()).toEqual(ERROR_CODES)
    }
    finally {
      rmSync(file)
    }
  })
})
