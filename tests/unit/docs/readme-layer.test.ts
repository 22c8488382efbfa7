import { existsSync, globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const LAYER = join(ROOT, 'layers/session')
const LAW = ['engine', 'drivers', 'internal', 'utils', 'diagnose', 'api', 'plugins']
const sources = globSync('**/*.{ts,vue}', { cwd: LAYER })
const readme = readFileSync(join(LAYER, 'README.md'), 'utf8')

describe('the layer\'s README', () => {
  const examples = [...readme.matchAll(/^( *)```(?:ts|vue)\n *(?:\/\/|<!--) (\S+)(?: -->)?\n([^]*?\n) *```$/gm)]
    .map(([, indent, path, code]) => ({ path: path!, code: code!.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }))

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(10)
  })

  it.each(examples)('shows $path as it is', ({ path, code }) => {
    const file = [`tests/fixtures/basic/${path}`, path].map(candidate => join(ROOT, candidate)).find(candidate => existsSync(candidate))
    expect(code).toBe(readFileSync(file!, 'utf8'))
  })

  it('lists the packages that the layer imports, and no other', () => {
    const [, listed] = /npm install (nuxt .*)/.exec(readme)!
    expect(listed!.split(' ').sort()).toEqual(importedPackages())
  })

  it('lists every folder of the layer', () => {
    const [, tree] = /```\nlayers\/session\/\n([^]*?)```/.exec(readme)!
    const listed = [...tree!.matchAll(/─ (\w+)\S*\/\s/g)].map(([, name]) => name!)
    const folders = sources.flatMap(file => file.split('/').slice(0, file.startsWith('server/') ? 2 : 1)).filter(name => !name.includes('.'))
    expect(listed.sort()).toEqual([...new Set(folders)].sort())
  })

  it('tells who imports whom', () => {
    const server = sources.filter(file => file.startsWith('server/'))
    const upward = server.flatMap(file => importsOf(file).filter(target => rankOf(target) > rankOf(file)).map(target => `${file} imports ${target}`))
    expect(upward).toEqual([])
  })

  it('links to what is there', () => {
    const targets = [...readme.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!).filter(target => !target.startsWith('https:'))
    expect(targets.filter(target => !existsSync(join(LAYER, target)))).toEqual([])
    const anchors = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
    const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(' ', '-'))
    expect(anchors.filter(anchor => !headings.includes(anchor))).toEqual([])
  })
})

function importedPackages(): string[] {
  const names = sources.flatMap(moduleNames).filter(name => !/^[.#]|^node:/.test(name) && !builtinModules.includes(name))
  return [...new Set(names.map(name => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]))].sort()
}

/** What a file of the layer imports from the layer, as paths in it. */
function importsOf(file: string): string[] {
  return moduleNames(file).filter(name => name.startsWith('.')).map(name => join(dirname(file), name))
}

function moduleNames(file: string): string[] {
  return [...readFileSync(join(LAYER, file), 'utf8').matchAll(/^import .*from '([^']+)'$/gm)].map(([, name]) => name!)
}

/** How high a part of the server stands in the law; what is not in `server/` is below it all. */
function rankOf(file: string): number {
  const [, part = ''] = /^server\/(\w+)/.exec(file) ?? []
  return LAW.indexOf(part)
}
