import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { fsDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/fs'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()
const folder = () => directory.path('sessions')

afterEach(directory.remove)

describe('fsDriver', () => {
  it('creates its folder and its files for this user only', async () => {
    const driver = fsDriver(folder())
    await driver.setItem!('a', 'value', {})
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect(statSync(directory.path('sessions', 'a')).mode & 0o777).toBe(0o600)
  })

  it('still contains everything when it is opened again', async () => {
    await fsDriver(folder()).setItem!('a:b.json', 'value', {})
    expect(await fsDriver(folder()).getItem('a:b.json')).toBe('value')
  })

  it.each([
    '../outside', '..', '.', '/etc/passwd', 'a\0b', 'C:\\x', 'a*', '%2e%2e', '__proto__', 'ä😀',
  ])('keeps the entry of any key inside its folder: %j', async (key) => {
    const driver = fsDriver(folder())
    await driver.setItem!(key, 'value', {})
    expect(await driver.getItem(key)).toBe('value')
    expect(await driver.getKeys('', {})).toEqual([key])
    expect(readdirSync(folder())).toHaveLength(1)
    await driver.removeItem!(key, {})
    expect(readdirSync(folder())).toEqual([])
  })

  it('ignores a temporary file of a killed process, and deletes it at the next start', async () => {
    const driver = fsDriver(folder())
    await driver.setItem!('a', 'value', {})
    writeFileSync(directory.path('sessions', 'a.1234567'), 'half a val')
    expect(await driver.getKeys('', {})).toEqual(['a'])
    await fsDriver(folder()).dispose?.()
    expect(readdirSync(folder())).toEqual(['a'])
  })

  it('neither lists nor deletes files that it did not write', async () => {
    mkdirSync(folder())
    const files = ['README.md', '%zz', 'a.b.1', '.gitignore']
    for (const file of files) writeFileSync(directory.path('sessions', file), 'of another program')
    const driver = fsDriver(folder())
    expect(await driver.getKeys('', {})).toEqual([])
    await driver.clear!('', {})
    for (const file of files) {
      expect(readFileSync(directory.path('sessions', file), 'utf8')).toBe('of another program')
    }
  })

  it('throws if a file cannot be read, written or deleted, and never reports it as missing', async () => {
    const driver = fsDriver(folder())
    mkdirSync(directory.path('sessions', 'a', 'x'), { recursive: true })
    await expect(driver.getItem('a')).rejects.toThrow('EISDIR')
    await expect(driver.setItem!('a', 'value', {})).rejects.toThrow('EISDIR')
    await expect(driver.removeItem!('a', {})).rejects.toThrow()
    directory.remove()
    await expect(driver.getKeys('', {})).rejects.toThrow('ENOENT')
  })
})
