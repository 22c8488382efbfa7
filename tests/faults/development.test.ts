import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate'
import { startDevelopment } from '../support/dev-server.ts'
import type { DevServer } from '../support/dev-server.ts'
import { freePort } from '../support/free-port.ts'
import { call } from '../support/https.ts'

const VALUE = /value="[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}"/
const PRIVATE_FILES = [
  '.data/sessions.db',
  '.data/sessions.db-wal',
  '.data/sessions.keys',
  'certs/ca-key.pem',
  'certs/localhost-key.pem',
]

let server: DevServer

beforeAll(async () => {
  await ensureCertificate()
  server = await startDevelopment('dev:compare', {
    NUXT_COMPARE_SAME_SITE_PORT: String(await freePort()),
    NUXT_COMPARE_CROSS_SITE_PORT: String(await freePort()),
  })
})

afterAll(() => server?.dispose())

describe('the app in development', () => {
  it('responds over HTTPS, with the value in the HTML and the session in its own store', async () => {
    const page = await call(`${server.origin}/`, { headers: { accept: 'text/html' } })
    expect([page.status, page.setCookie]).toEqual([200, [expect.stringMatching(/^__Host-session=.*; Secure/)]])
    expect(page.body).toMatch(VALUE)
    expect(existsSync(join(server.folder, '.data/sessions.db'))).toBe(true)
  })

  it.each(PRIVATE_FILES)('serves its sources, and never %s', async (file) => {
    const path = `/_nuxt/${file}`
    const paths = [
      path,
      `${path}?raw`,
      `${path}?import&raw`,
      `${path}?url`,
      `${path}?inline`,
      `${path}?.svg?import&inline`,
      path.replace('.', '%2e'),
      path.toUpperCase().replace('_NUXT', '_nuxt'),
      `/_nuxt/@fs${server.folder}/${file}`,
      `/${file}`,
    ]
    const responses = await Promise.all(paths.map(path => call(server.origin + path)))
    expect(existsSync(join(server.folder, file))).toBe(true)
    expect((await call(`${server.origin}/_nuxt/app.vue`)).status).toBe(200)
    expect(paths.filter((_, index) => ![403, 404].includes(responses[index]!.status))).toEqual([])
    expect(responses[0]!.status).toBe(403)
  })

  it('has the comparison page if that is switched on', async () => {
    const page = await call(`${server.origin}/compare`, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(page.body).toContain('One origin or two?')
  })
})
