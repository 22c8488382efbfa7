import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  SETTING_NAMES, envNameOf, parseConfig,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { readSettings } from '../../../server/tls/settings'

const ROOT = join(import.meta.dirname, '../../..')
const DOCS = join(ROOT, 'docs')
const security = readFileSync(join(DOCS, 'security.md'), 'utf8')

/** ASVS 5.0.0, chapter 7: how many requirements each section has. */
const REQUIREMENTS_PER_SECTION = [3, 4, 2, 5, 3, 2]
const SESSION_REQUIREMENTS = REQUIREMENTS_PER_SECTION.flatMap((count, section) =>
  Array.from({ length: count }, (_, index) => `7.${section + 1}.${index + 1}`))

describe('the limits in docs/security.md', () => {
  const limits = rowsOf(sectionOf('Limits')).slice(1)
    .filter(cells => cells.length === 4)
    .map(([what, limit, source, tests]) => {
      return { what: what!, value: /`([^`]+)`/.exec(limit!)?.[1] ?? '', source: source!, tests: tests! }
    })
  const from = (pattern: RegExp) => limits
    .filter(({ source }) => pattern.test(source))
    .map(row => ({ ...row, name: pattern.exec(row.source)![1]! }))
  const settings = new Map<string, string>(SETTING_NAMES.map(setting => [envNameOf(setting), setting]))

  it('name a variable or a line of code as their source', () => {
    const isSource = /^`NUXT_CLOAKROOM_|^`NITRO_|^\[`[\w.-]+`\]\(\S+\): `/
    expect(limits.length).toBeGreaterThan(25)
    expect(limits.filter(({ source }) => !isSource.test(source))).toEqual([])
  })

  it.each(from(/^`(NUXT_CLOAKROOM_\w+)`/))('have the default of $name', ({ name, value }) => {
    expect(settings.has(name)).toBe(true)
    expect(parseConfig({ [settings.get(name)!]: value })).toEqual(parseConfig({}))
  })

  it.each(from(/^`(NITRO_\w+)`/))('have the default of $name', ({ name, value }) => {
    expect(readSettings({ [name]: value })).toEqual(readSettings({}))
    expect(readSettings({ [name]: `${Number(value) - 1}` })).not.toEqual(readSettings({}))
  })

  it.each(from(/\(([^)]+)\): `/))('are the ones in the code: $what', ({ name, value, source }) => {
    const [, code] = /: `([^`]+)`/.exec(source)!
    expect(readFileSync(join(DOCS, name), 'utf8')).toContain(code)
    expect(code!.replaceAll('_', '').match(/\d+/g)).toContain(value)
  })

  it.each(limits)('link to a test that reaches them: $what', ({ tests }) => expectLinksToTests(tests))

  it('that have no number link to a test too', () => {
    const others = rowsOf(sectionOf('Limits')).filter(cells => cells.length === 3).slice(1)
    expect(others.length).toBeGreaterThan(3)
    for (const [, , tests] of others) expectLinksToTests(tests!)
  })
})

describe('the requirements in docs/security.md', () => {
  const claims = rowsOf(security).filter(([id]) => /^\d+\.\d+\.\d+/.test(id!))
  const ids = claims.flatMap(([id]) => id!.split(', '))

  it('are all of chapter 7, each once and in order', () => {
    expect(ids.filter(id => id.startsWith('7.'))).toEqual(SESSION_REQUIREMENTS)
  })

  it('are named once each', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it.each(claims.filter(([, , tests]) => tests))('link to tests that exist: %s', (_ids, _claim, tests) => {
    expectLinksToTests(tests!)
  })

  it('link to headings and files that exist', () => {
    const anchors = [...security.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
    const headings = [...security.matchAll(/^#+ (.*)$/gm)]
      .map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'))
    expect(anchors.filter(anchor => !headings.includes(anchor))).toEqual([])
    const files = [...security.matchAll(/\]\((?!https:|#)([^)#]+)/g)].map(([, file]) => file!)
    expect(files.filter(file => !existsSync(join(DOCS, file)))).toEqual([])
  })
})

describe('the inventory of cryptography in docs/security.md', () => {
  const [inventory] = security.split('### What is used where\n')[1]!.split('\n## ')
  const entries = rowsOf(inventory!).map(([what]) => what!).join('\n')
  /** What the code imports from `node:crypto`, and the entry of the inventory that covers it. */
  const ENTRIES: Record<string, RegExp> = {
    createCipheriv: /AES-256-GCM/,
    createDecipheriv: /AES-256-GCM/,
    createSecretKey: /AES-256-GCM/,
    hkdfSync: /HKDF-SHA-256/,
    hash: /^SHA-256/m,
    createHash: /^SHA-256/m,
    timingSafeEqual: /^SHA-256/m,
    createHmac: /HMAC-SHA-256/,
    argon2: /Argon2id/,
    randomBytes: /random bytes/,
    randomUUID: /UUIDs/,
    X509Certificate: /TLS/,
    createPrivateKey: /TLS/,
    constants: /TLS/,
    createPublicKey: /P-256/,
    generateKeyPairSync: /P-256/,
  }
  const files = globSync('{server,packages/nuxt-cloakroom/src,certs}/**/*.ts', { cwd: ROOT })
  const imports = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    const lists = [...text.matchAll(/^import \{([^}]+)\} from '(?:node:)?crypto'/gm)].map(([, list]) => list!)
    const names = lists.flatMap(list => list.split(',')).map(name => name.trim())
    return names.filter(name => name !== '' && !name.startsWith('type '))
  })

  it.each([...new Set(imports)])('covers %s', (name) => {
    expect(entries).toMatch(ENTRIES[name] ?? /not in the inventory/)
  })

  it('covers the module, the app and the certificates', () => {
    expect(imports).toEqual(expect.arrayContaining(['createCipheriv', 'argon2', 'generateKeyPairSync']))
  })
})

describe('the other documents', () => {
  const deployment = rowsOf(readFileSync(join(DOCS, 'deployment.md'), 'utf8')).flatMap(([names, fallback]) => {
    const value = /^`(\d+)`$/.exec(fallback!)?.[1]
    const variables = [...names!.matchAll(/`(NITRO_\w+)`/g)].map(([, variable]) => variable!)
    return value === undefined ? [] : variables.map(variable => ({ variable, value }))
  })

  it.each(deployment)('have the default of $variable', ({ variable, value }) => {
    expect(readSettings({ [variable]: value })).toEqual(readSettings({}))
  })

  it('list every number that the listener reads from the environment', () => {
    const settings = readFileSync(join(ROOT, 'server/tls/settings.ts'), 'utf8')
    const variables = [...settings.matchAll(/readInteger\(env, '(NITRO_\w+)'/g)].map(([, variable]) => variable!)
    expect(variables.length).toBeGreaterThan(3)
    expect(deployment.map(({ variable }) => variable)).toEqual(expect.arrayContaining(variables))
  })

  it.each([
    ['wrongPasswords', '10 in 10 minutes', '{ max: 10, window: \'10m\' }'],
    ['tries', '60 in 10 minutes', '{ max: 60, window: \'10m\' }'],
    ['registrations', '30 in an hour', '{ max: 30, window: \'1h\' }'],
  ])('have the limit of %s', (name, text, code) => {
    const requests = readFileSync(join(ROOT, 'server/utils/account-requests.ts'), 'utf8')
    expect(readFileSync(join(DOCS, 'accounts.md'), 'utf8')).toContain(`| ${text} |`)
    expect(requests).toContain(`const ${name} = defineRateLimit(${code})`)
  })
})

/** The cell contains nothing but links to tests, at least one, and all of them exist. */
function expectLinksToTests(cell: string) {
  const links = [...cell.matchAll(/\[([\w-]+)\]\(([^)]+)\)/g)]
  expect(links.length).toBeGreaterThan(0)
  expect(cell.replaceAll(/\[[\w-]+\]\([^)]+\)/g, '').replaceAll(/[, ]/g, '')).toBe('')
  for (const [, label, target] of links) {
    expect(target).toMatch(new RegExp(`^\\.\\./tests/(?:.+/)?${label}\\.(?:test|spec)\\.ts$`))
    expect(existsSync(join(DOCS, target!)), target).toBe(true)
  }
}

/** The cells of all table rows. */
function rowsOf(markdown: string): string[][] {
  const lines = markdown.split('\n').filter(line => line.startsWith('| '))
  return lines.map(line => line.slice(1, -1).split('|').map(cell => cell.trim()))
}

function sectionOf(heading: string): string {
  return security.split(/^## /m).find(text => text.startsWith(`${heading}\n`))!
}
