import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PAGE_CAUSES } from '../../../layers/session/app/diagnose/page-causes'
import { CIRCUMSTANCES } from '../../../layers/session/server/diagnose/circumstances'
import { COOKIE_CAUSES } from '../../../layers/session/server/diagnose/cookie-causes'

const DOCS = join(import.meta.dirname, '../../../docs')
const [, section] = /\n## Why is my cookie missing\?\n([^]*?)\n## /.exec(readFileSync(join(DOCS, 'cross-origin.md'), 'utf8'))!
const rows = section!.split('\n').filter(line => line.startsWith('| `')).map(line => line.split('|').map(cell => cell.trim()))

it('lists every code of a finding once, and no other', () => {
  const codes = [...CIRCUMSTANCES, ...PAGE_CAUSES].map(({ code }) => code)
  const listed = rows.flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)].map(([, code]) => code!))
  expect(listed.sort()).toEqual([...new Set([...Object.keys(COOKIE_CAUSES), ...codes])].sort())
})

it.each(rows)('%s%s is shown by tests that name it', (_, codes, __, tests) => {
  const files = [...tests!.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => join(DOCS, file!))
  expect(files.filter(file => !existsSync(file))).toEqual([])
  const text = files.map(file => readFileSync(file, 'utf8')).join('\n')
  for (const [, code] of codes!.matchAll(/`(\w+)`/g)) expect(text).toMatch(new RegExp(`'${code}'`))
})
