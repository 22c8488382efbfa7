import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runOn } from './run-on'

const ROOT = join(import.meta.dirname, '../../..')

interface Locked {
  version?: string
  integrity?: string
  link?: boolean
  inBundle?: boolean
  optional?: boolean
  hasInstallScript?: boolean
  os?: string
  cpu?: string
  bin?: Record<string, string>
}

interface PackageJson {
  optionalDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}

const readJson = <Content>(file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Content
const { packages } = readJson<{ packages: Record<string, Locked> }>('package-lock.json')
const { optionalDependencies, allowScripts } = readJson<PackageJson>('package.json')
const nodes = Object.keys(optionalDependencies).map(name => ({ name, locked: packages[`node_modules/${name}`]! }))

describe('the lock file', () => {
  it('has a checksum for every package that npm downloads', () => {
    const downloaded = Object.entries(packages)
      .filter(([path, { link, inBundle }]) => path.startsWith('node_modules/') && !link && !inBundle)
    expect(downloaded.length).toBeGreaterThan(500)
    expect(downloaded.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
  })

  it('has a Node for each platform, and no platform twice', () => {
    const platforms = nodes.map(({ locked: { os, cpu } }) => `${os} ${cpu}`)
    expect(platforms.sort()).toEqual(['darwin arm64', 'darwin x64', 'linux arm64', 'linux x64', 'win32 x64'])
  })

  it.each(nodes)('has $name in the exact version of package.json, which the app supports', ({ name, locked }) => {
    expect(locked).toMatchObject({ version: optionalDependencies[name], optional: true })
    expect(locked.bin).toHaveProperty('node')
    expect(locked.hasInstallScript).toBeUndefined()
    expect(runOn(locked.version!)).toEqual({ status: 0, stderr: '' })
  })

  it('needs no install script of a package', () => {
    expect(Object.values(allowScripts)).not.toContain(true)
  })
})
