import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PAGE_CAUSES } from '../../../packages/nuxt-cloakroom/src/runtime/app/diagnose/page-causes'
import { CIRCUMSTANCES } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/circumstances'
import { COOKIE_CAUSES } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/cookie-causes'
import type { DiagnosisFacts } from '../../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'

const DOCS = join(import.meta.dirname, '../../../docs')
const guide = readFileSync(join(DOCS, 'cross-origin.md'), 'utf8')
/** The facts of the guide's examples. */
const FACTS: DiagnosisFacts = {
  request: {
    scheme: 'https',
    host: '127.0.0.1:3000',
    origin: null,
    originIs: null,
    site: null,
    dest: null,
    storageAccess: null,
    otherCookies: 0,
  },
  cookie: { name: '__Host-session', attributes: [], outcome: 'absent', bytes: null, endedAt: null },
  server: { now: 0, origins: [], crossSite: false, cookieHosts: ['localhost'] },
  clockAheadMs: null,
}
const [, section] = /\n## Why is my cookie missing\?\n([^]*?)\n## /.exec(guide)!
const rows = section!.split('\n')
  .filter(line => line.startsWith('| `'))
  .map(line => line.split('|').map(cell => cell.trim()))

it('lists every code of a finding once, and nothing else', () => {
  const codes = [...CIRCUMSTANCES, ...PAGE_CAUSES].map(({ code }) => code)
  const listed = rows.flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)].map(([, code]) => code!))
  expect(listed.sort()).toEqual([...new Set([...Object.keys(COOKIE_CAUSES), ...codes])].sort())
})

it.each(rows)('%s%s is tested by the linked tests', (_, codes, __, tests) => {
  const files = [...tests!.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => join(DOCS, file!))
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter(file => !existsSync(file))).toEqual([])
  const text = files.map(file => readFileSync(file, 'utf8')).join('\n')
  for (const [, code] of codes!.matchAll(/`(\w+)`/g)) expect(text).toMatch(new RegExp(`'${code}'`))
})

it('quotes messages that the diagnosis gives', () => {
  const quotes = [...section!.matchAll(/^ {4}"(?:because|remedy)": (".*"),?$/gm)]
    .map(([, text]) => JSON.parse(text!) as string)
  const sentences = [...CIRCUMSTANCES, ...Object.values(COOKIE_CAUSES)]
    .flatMap(({ because, remedy }) => [sentenceOf(because), sentenceOf(remedy)])
  expect(quotes.length).toBe(6)
  expect(quotes.filter(quote => !sentences.includes(quote))).toEqual([])
})

/** The sentence for these facts; empty if it needs others. */
function sentenceOf(say: (facts: DiagnosisFacts) => string): string {
  try {
    return say(FACTS)
  }
  catch {
    return ''
  }
}
