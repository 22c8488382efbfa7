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

describe('the layer\'s package', () => {
  const { dependencies, peerDependencies, version } = packageIn(LAYER)

  it('names what the layer imports, and the types of it, and nothing else', () => {
    const named = Object.keys({ ...dependencies, ...peerDependencies })
    expect(named.filter(name => !name.startsWith('@types/')).sort()).toEqual(importedPackages())
    expect(named).toEqual(expect.arrayContaining(['@types/node', '@types/write-file-atomic'])) // For apps that check what they install: the layer is TypeScript as it is.
  })

  it('takes the versions that are tested here', () => {
    const tested = { ...packageIn(ROOT).dependencies, ...packageIn(ROOT).devDependencies }
    expect(dependencies).toEqual(Object.fromEntries(Object.keys(dependencies).map(name => [name, tested[name]])))
    expect(version).toBe(packageIn(ROOT).version)
    expect(readme).toContain(`cloakroom-session-${version}.tgz`)
  })
})

interface Package {
  version: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

function packageIn(folder: string): Package {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
}

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
