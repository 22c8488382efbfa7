import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as routes from '../../../packages/nuxt-cloakroom/src/runtime/shared/routes'

const ROOT = join(import.meta.dirname, '../../..')
const PACKAGE = join(ROOT, 'packages/nuxt-cloakroom')
const SRC = join(PACKAGE, 'src')
const SERVER = 'runtime/server'
const REPOSITORY = 'https://github.com/nuxt-cloakroom/nuxt-cloakroom'
/** Imported as types by the build side only. The tsconfig that Nuxt generates resolves it to the app's own copy. */
const BUILD_TYPES = ['@nuxt/schema']
/** Nuxt's own names for parts of itself. */
const NUXT_ALIASES = ['#imports', '#vue-router']

const sources = globSync('**/*.{ts,vue}', { cwd: SRC })
const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8')

describe('the README of nuxt-cloakroom', () => {
  const fence = /^( *)```(?:ts|vue)\n *(?:\/\/|<!--) (\S+\.\w+)(?: -->)?\n([^]*?\n) *```$/gm
  const examples = [...readme.matchAll(fence)]
    .map(([, indent, path, code]) => ({ path: path!, code: code!.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }))

  it('begins with how to install the module', () => {
    const [start] = readme.split('\n## ', 1)
    expect(start).toContain('\nnpx nuxi module add nuxt-cloakroom\n')
    expect(start).toContain('npm i nuxt-cloakroom')
    expect(start).toContain('modules: [\'nuxt-cloakroom\']')
  })

  it('has more than ten examples', () => {
    expect(examples.length).toBeGreaterThan(10)
  })

  it.each(examples)('shows $path exactly as it is', ({ path, code }) => {
    expect(code).toBe(readFileSync(join(ROOT, 'tests/fixtures/basic', path), 'utf8'))
  })

  it('names every function, component and route that the module adds', () => {
    const added = [...addedNames(), ...Object.values(routes)]
    expect(added).toEqual(expect.arrayContaining(['useServerSession', 'useUserSession', 'AuthState', 'guest']))
    expect(added.filter(name => !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(readme))).toEqual([])
  })

  it('lists every folder of the sources, three levels deep', () => {
    const folders = sources.flatMap((file) => {
      const parts = dirname(file).split('/').slice(0, 3)
      return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    })
    const expected = new Set(folders.filter(folder => folder !== '.'))
    expect(foldersOfTree()).toEqual([...expected].sort())
  })

  it('has no link that npm could not follow', () => {
    const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!)
    expect(targets.length).toBeGreaterThan(20)
    expect(targets.filter(target => !/^(?:https:\/\/|#)/.test(target))).toEqual([])
  })

  it('links to headings and files that exist', () => {
    const anchors = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
    expect(anchors.filter(anchor => !headingsOf(readme).includes(anchor))).toEqual([])
    const files = [...readme.matchAll(/\]\((https:[^)]+)\)/g)].map(([, url]) => url!).filter(isInRepository)
    expect(files.length).toBeGreaterThan(5)
    expect(files.filter(url => !existsInRepository(url))).toEqual([])
  })
})

describe('the import order', () => {
  const rows = tableRows('folder of `runtime/server/`').map(row => foldersIn(row[0]!))
  const rankOf = (folder: string) => rows.findIndex(row => row.includes(folder))
  const imports = sources.filter(file => file.startsWith(`${SERVER}/`)).flatMap(file => importsOf(file)
    .filter(target => target.startsWith(`${SERVER}/`))
    .map(target => ({ file, target, from: partOf(file), to: partOf(target) })))

  it('has the same folders in the README as in the linter\'s rule', () => {
    const [, list] = /const LAYERS = \[([^\]]+)\]/.exec(readFileSync(join(ROOT, 'eslint.config.mjs'), 'utf8'))!
    const layers = [...list!.matchAll(/'([\w-]+)'/g)].map(([, name]) => name!)
    expect(rows.flat()).toEqual(layers)
  })

  it('has every folder of the server', () => {
    const folders = new Set(sources.filter(file => file.startsWith(`${SERVER}/`)).map(partOf))
    expect(rows.flat().sort()).toEqual([...folders].sort())
  })

  it('is kept by every import', () => {
    expect(imports.length).toBeGreaterThan(100)
    const wrong = imports.filter(({ from, to }) => from !== to && rankOf(from) >= rankOf(to))
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('lets only one folder import the framework', () => {
    const importing = sources.filter(file => file.startsWith(`${SERVER}/`))
      .filter(file => moduleNames(file).some(name => /^(?:h3|nitropack|crossws|nuxt)(?:\/|$)/.test(name)))
    expect([...new Set(importing.map(partOf))]).toEqual(['nitro'])
  })

  it('keeps the client apart from the server', () => {
    const client = sources.filter(file => file.startsWith('runtime/app/'))
    expect(client.length).toBeGreaterThan(10)
    const crossing = client.filter(file => importsOf(file).some(target => target.startsWith(`${SERVER}/`)))
    expect(crossing).toEqual([])
  })
})

describe('the package nuxt-cloakroom', () => {
  const { dependencies, devDependencies, peerDependencies, version, exports } = packageIn(PACKAGE)
  const atRunTime = Object.keys({ ...dependencies, ...peerDependencies })

  it('depends on exactly the packages that its sources import', () => {
    expect([...atRunTime, ...BUILD_TYPES].sort()).toEqual(importedPackages())
    expect(atRunTime.filter(name => name.startsWith('@types/'))).toEqual([])
  })

  it.each(BUILD_TYPES)('imports %s as types only, and only at build time', (name) => {
    expect(devDependencies).toHaveProperty([name])
    const lines = sources.flatMap(file => importLines(file).filter(line => line.endsWith(`from '${name}'`)))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter(line => !line.startsWith('import type '))).toEqual([])
    expect(sources.filter(file => file.includes('/') && moduleNames(file).includes(name))).toEqual([])
  })

  it('takes the versions that the tests run with', () => {
    const tested = { ...packageIn(ROOT).dependencies, ...packageIn(ROOT).devDependencies }
    const shared = Object.keys(dependencies).filter(name => name in tested)
    expect(shared.length).toBeGreaterThan(3)
    expect(shared.map(name => [name, dependencies[name]])).toEqual(shared.map(name => [name, tested[name]]))
    const ranges = Object.entries({ ...dependencies, ...peerDependencies })
    expect(ranges.filter(([name, range]) => !includesInstalled(name, range))).toEqual([])
    expect(version).toBe(packageIn(ROOT).version)
  })

  it('exports the module, the race suite and the test kit, as the README says', () => {
    expect(Object.keys(exports)).toEqual(['.', './testing/races', './testing/playwright'])
    for (const name of ['races', 'playwright']) expect(readme).toContain(`from 'nuxt-cloakroom/testing/${name}'`)
  })
})

interface Package {
  version: string
  exports: Record<string, unknown>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

function packageIn(folder: string): Package {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
}

/** Whether a range such as `^1.2.3` includes the installed version. */
function includesInstalled(name: string, range: string): boolean {
  const [, ...min] = /^\^(\d+)\.(\d+)\.(\d+)$/.exec(range)!.map(Number)
  const installed = packageIn(join(ROOT, 'node_modules', name)).version.split('.').map(Number)
  const fixed = min.findIndex(number => number > 0) + 1
  if (min.slice(0, fixed).some((number, index) => number !== installed[index])) return false
  const different = min.findIndex((number, index) => number !== installed[index])
  return different === -1 || installed[different]! > min[different]!
}

function importedPackages(): string[] {
  const names = sources.flatMap(moduleNames).map(name => NUXT_ALIASES.includes(name) ? 'nuxt' : name)
  const external = names.filter(name => !/^(?:\.|node:|#cloakroom)/.test(name) && !builtinModules.includes(name))
  return [...new Set(external.map(name => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]))].sort()
}

/** What a file imports from the sources, as paths in `src`. */
function importsOf(file: string): string[] {
  return moduleNames(file)
    .filter(name => name.startsWith('.'))
    .map(name => relative(SRC, join(SRC, dirname(file), name)))
}

function moduleNames(file: string): string[] {
  return importLines(file).map(line => /'([^']+)'$/.exec(line)![1]!)
}

/** Imports and re-exports, each on one line. */
function importLines(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)\s[^;'=]*?from '[^']+'$|^import '[^']+'$/gm)]
    .map(([line]) => line.replaceAll(/\s+/g, ' '))
}

/** The folder of `runtime/server` that a path is in. */
function partOf(path: string): string {
  return path.split('/')[2]!
}

function foldersIn(cell: string): string[] {
  return [...cell.matchAll(/`([\w-]+)\/`/g)].map(([, name]) => name!)
}

/** The cells of the table whose first column has this title. */
function tableRows(title: string): string[][] {
  const [, table] = readme.split(`\n| ${title} |`)
  const lines = table!.split('\n').slice(2)
  const end = lines.findIndex(line => !line.startsWith('|'))
  return lines.slice(0, end).map(line => line.slice(1, -1).split('|').map(cell => cell.trim()))
}

/** The folders in the README's tree, with their whole paths, sorted. */
function foldersOfTree(): string[] {
  const [, tree] = /```\npackages\/nuxt-cloakroom\/src\/\n([^]*?)```/.exec(readme)!
  const path: string[] = []
  const folders = [...tree!.matchAll(/^([│ ]*)[├└]─ ([\w-]+)\/ */gm)].map(([, indent, name]) => {
    path.splice(indent!.length / 3, Infinity, name!)
    return path.join('/')
  })
  return folders.sort()
}

/** What the module adds to an app, read from its text: it needs Nuxt to run. */
function addedNames(): string[] {
  const module = readFileSync(join(SRC, 'module.ts'), 'utf8')
  const [, server] = /const names = \{([^]*?)\n {2}\}/.exec(module)!
  const serverNames = [...server!.matchAll(/\[([^\]]+)\]/g)].flatMap(([, list]) => list!.split(','))
  const names = serverNames.map(name => name.trim().replaceAll('\'', '')).filter(Boolean)
  return [...names, ...[...module.matchAll(/\{ name: '(\w+)'/g)].map(([, name]) => name!)]
}

/** The anchors of the headings, as GitHub and npm make them. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'))
}

function isInRepository(url: string): boolean {
  return url.startsWith(`${REPOSITORY}/`)
}

function existsInRepository(url: string): boolean {
  const [, kind, path, anchor] = /\/(blob|tree)\/main\/([^#]+)(?:#(.+))?$/.exec(url) ?? []
  const file = join(ROOT, path ?? 'missing')
  if (!existsSync(file) || statSync(file).isFile() !== (kind === 'blob')) return false
  return anchor === undefined || headingsOf(readFileSync(file, 'utf8')).includes(anchor)
}
