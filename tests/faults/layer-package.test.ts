import { cpSync, globSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDirectory } from '../support/directory.ts'
import { run } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'

const ROOT = join(import.meta.dirname, '../..')
const LAYER = join(ROOT, 'layers/session')
const NAME = 'cloakroom-session'

const directory = makeDirectory()
const app = directory.path()

/** An app of one route and one page, whose packages are ours and the layer as it would come from a registry. */
beforeAll(async () => {
  const packages = join(app, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(ROOT, 'node_modules'))) symlinkSync(join(ROOT, 'node_modules', name), join(packages, name))
  await run(app, 'npm', 'pack', LAYER, '--silent')
  const [archive] = globSync(`${NAME}-*.tgz`, { cwd: app })
  await run(app, 'tar', '-xzf', archive!)
  renameSync(join(app, 'package'), join(packages, NAME))

  const fixture = join(ROOT, 'tests/fixtures/basic')
  for (const file of ['server/api/count.post.ts', 'shared/types/session-data.d.ts', 'tsconfig.json']) cpSync(join(fixture, file), join(app, file))
  mkdirSync(join(app, 'app'))
  writeFileSync(join(app, 'app/app.vue'), '<script setup lang="ts">\nconst { status } = useUserSession()\n</script>\n\n<template>\n  <p>{{ status }}</p>\n</template>\n')
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n')
  writeFileSync(join(app, 'nuxt.config.ts'), `export default defineNuxtConfig({ extends: ['${NAME}'], compatibilityDate: '2026-11-01' })\n`)
  await run(app, 'nuxt', 'build')
})

afterAll(() => directory.remove())

describe('the layer, installed as a package', () => {
  it('has what it needs and no tests, secrets or builds', () => {
    const files = globSync('**/*', { cwd: join(app, 'node_modules', NAME) })
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'nuxt.config.ts', 'server/plugins/session.ts', 'app/composables/useUserSession.ts', 'testing/races.ts']))
    expect(files.filter(file => /\.(?:test|spec)\.|\.(?:pem|key|db|keys)$|^\.|node_modules|\.output/.test(file))).toEqual([])
  })

  it('type-checks, with the session data that the app declares', async () => {
    await run(app, 'vue-tsc', '-b')
  })

  it('holds a session', async () => {
    const server = await startFixture(app)
    try {
      const visitor = new FixtureVisitor(server)
      expect((await visitor.post('/api/count')).json()).toEqual({ count: 1 })
      expect((await visitor.post('/api/count')).json()).toEqual({ count: 2 })
      expect((await visitor.get('/')).text).toContain('<p>anonymous</p>')
    }
    finally {
      await server.dispose()
    }
  })
})
