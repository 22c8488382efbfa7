import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig, variableOf } from '../../../layers/session/server/engine/config'
import { readSettings } from '../../../server/tls/settings'

const DOCS = join(import.meta.dirname, '../../../docs')
const security = readFileSync(join(DOCS, 'security.md'), 'utf8')

/** ASVS 5.0.0, chapter 7: how many requirements each section has. */
const SESSION_REQUIREMENTS = [3, 4, 2, 5, 3, 2].flatMap((count, section) => Array.from({ length: count }, (_, i) => `7.${section + 1}.${i + 1}`))

const rows = (markdown: string) => markdown.split('\n').filter(line => line.startsWith('| ')).map(line => line.slice(1, -1).split('|').map(cell => cell.trim()))
const section = (heading: string) => security.split(/^## /m).find(text => text.startsWith(`${heading}\n`))!

describe('the limits in docs/security.md', () => {
  const limits = rows(section('Limits')).slice(1).filter(cells => cells.length === 3).map(([what, limit, source]) => ({ what: what!, value: /`([^`]+)`/.exec(limit!)?.[1] ?? '', source: source! }))
  const from = (pattern: RegExp) => limits.filter(({ source }) => pattern.test(source)).map(row => ({ ...row, name: pattern.exec(row.source)![1]! }))
  const fields = new Map(Object.keys(runtimeConfig()).map(field => [variableOf(field), field]))

  it('say of each where it is set, in one of three ways', () => {
    expect(limits.length).toBeGreaterThan(25)
    expect(limits.filter(({ source }) => !/^`NUXT_SESSION_|^`NITRO_|^\[`[\w.-]+`\]\(\S+\): `/.test(source))).toEqual([])
  })

  it.each(from(/^`(NUXT_SESSION_\w+)`/))('have the default of $name', ({ name, value }) => {
    expect(fields.has(name)).toBe(true)
    expect(parseConfig({ [fields.get(name)!]: value })).toEqual(parseConfig({}))
  })

  it.each(from(/^`(NITRO_\w+)`/))('have the default of $name', ({ name, value }) => {
    expect(readSettings({ [name]: value })).toEqual(readSettings({}))
    expect(readSettings({ [name]: `${Number(value) - 1}` })).not.toEqual(readSettings({}))
  })

  it.each(from(/\(([^)]+)\): `/))('are the code\'s: $what', ({ name, value, source }) => {
    const [, code] = /: `([^`]+)`/.exec(source)!
    expect(readFileSync(join(DOCS, name), 'utf8')).toContain(code)
    expect(code!.replaceAll('_', '').match(/\d+/g)).toContain(value)
  })
})

describe('the requirements in docs/security.md', () => {
  const claims = rows(security).filter(([id]) => /^\d+\.\d+\.\d+/.test(id!))

  it('are all of chapter 7, each once and in order', () => {
    expect(claims.flatMap(([id]) => id!.split(', ')).filter(id => id.startsWith('7.'))).toEqual(SESSION_REQUIREMENTS)
  })

  it('are named once each', () => {
    const ids = claims.flatMap(([id]) => id!.split(', '))
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it.each(claims.filter(([, , tests]) => tests))('are shown by tests that are there: %s', (_ids, _claim, tests) => {
    const links = [...tests!.matchAll(/\[([\w-]+)\]\(([^)]+)\)/g)]
    expect(tests!.replaceAll(/\[[\w-]+\]\([^)]+\)/g, '').replaceAll(/[, ]/g, '')).toBe('')
    for (const [, label, target] of links) {
      expect(target).toMatch(new RegExp(`^\\.\\./tests/(?:.+/)?${label}\\.(?:test|spec)\\.ts$`))
      expect(existsSync(join(DOCS, target!)), target).toBe(true)
    }
  })

  it('link to what is there', () => {
    const anchors = [...security.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
    const headings = [...security.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'))
    expect(anchors.filter(anchor => !headings.includes(anchor))).toEqual([])
    const files = [...security.matchAll(/\]\((?!https:|#)([^)#]+)/g)].map(([, file]) => file!)
    expect(files.filter(file => !existsSync(join(DOCS, file)))).toEqual([])
  })
})

describe('the inventory of cryptography in docs/security.md', () => {
  const inventory = rows(security.split('### What is used where\n')[1]!.split('\n## ')[0]!).map(([what]) => what!).join('\n')
  /** What the code takes from `node:crypto`, and where the inventory has it. */
  const ENTRIES: Record<string, RegExp> = {
    createCipheriv: /AES-256-GCM/, createDecipheriv: /AES-256-GCM/, createSecretKey: /AES-256-GCM/,
    hkdfSync: /HKDF-SHA-256/, hash: /^SHA-256/m, createHash: /^SHA-256/m, timingSafeEqual: /^SHA-256/m, createHmac: /HMAC-SHA-256/, argon2: /Argon2id/,
    randomBytes: /random bytes/, randomUUID: /UUIDs/,
    X509Certificate: /TLS/, createPrivateKey: /TLS/, constants: /TLS/, createPublicKey: /P-256/, generateKeyPairSync: /P-256/,
  }
  const files = globSync('{server,layers/session/server,certs}/**/*.ts', { cwd: join(DOCS, '..') })
  const taken = files.flatMap(file => [...readFileSync(join(DOCS, '..', file), 'utf8').matchAll(/^import \{([^}]+)\} from 'node:crypto'/gm)].flatMap(([, names]) => names!.split(',').map(name => name.trim())))

  it.each([...new Set(taken)])('has %s', (name) => {
    expect(inventory).toMatch(ENTRIES[name] ?? /nothing of it/)
  })

  it('is not empty', () => {
    expect(taken).toContain('createCipheriv')
  })
})

describe('the other documents', () => {
  const deployment = rows(readFileSync(join(DOCS, 'deployment.md'), 'utf8')).flatMap(([name, fallback]) => [...name!.matchAll(/`(NITRO_\w+)`/g)].map(([, variable]) => ({ variable: variable!, fallback: /^`(\d+)`$/.exec(fallback!)?.[1] ?? '' }))).filter(({ fallback }) => fallback)

  it.each(deployment)('have the default of $variable', ({ variable, fallback }) => {
    expect(readSettings({ [variable]: fallback })).toEqual(readSettings({}))
  })

  it('list every number that the listener takes from the environment', () => {
    const taken = [...readFileSync(join(DOCS, '../server/tls/settings.ts'), 'utf8').matchAll(/readInteger\(env, '(NITRO_\w+)'/g)].map(([, variable]) => variable!)
    expect(deployment.map(({ variable }) => variable)).toEqual(expect.arrayContaining(taken))
  })

  it.each([['wrongPasswords', '10 in 10 minutes', '{ most: 10, within: \'10m\' }'], ['tries', '60 in 10 minutes', '{ most: 60, within: \'10m\' }'], ['registrations', '30 in an hour', '{ most: 30, within: \'1h\' }']])('have the limit of %s', (name, words, code) => {
    expect(readFileSync(join(DOCS, 'accounts.md'), 'utf8')).toContain(`| ${words} |`)
    expect(readFileSync(join(DOCS, '../server/utils/account-requests.ts'), 'utf8')).toContain(`const ${name} = defineRateLimit(${code})`)
  })
})

/** The fields of the layer's runtime config, read from its text: the file needs Nuxt to run. */
function runtimeConfig(): Record<string, string> {
  const [, block] = /session: \{([^}]+)\}/.exec(readFileSync(join(DOCS, '../layers/session/nuxt.config.ts'), 'utf8'))!
  return Object.fromEntries([...block!.matchAll(/(\w+): ''/g)].map(([, field]) => [field!, '']))
}
