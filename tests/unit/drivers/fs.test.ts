import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { fsDriver } from '../../../layers/session/server/drivers/fs'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()
const folder = () => directory.path('sessions')

afterEach(directory.remove)

describe('fsDriver', () => {
  it('makes its folder and its files for this user only', async () => {
    const driver = fsDriver(folder())
    await driver.setItem!('a', 'value', {})
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect(statSync(directory.path('sessions', 'a')).mode & 0o777).toBe(0o600)
  })

  it('still holds everything when it is opened again', async () => {
    await fsDriver(folder()).setItem!('a:b.json', 'value', {})
    expect(await fsDriver(folder()).getItem('a:b.json')).toBe('value')
  })

  it.each(['../outside', '..', '.', '/etc/passwd', 'a\0b', 'C:\\x', 'a*', '%2e%2e', '__proto__', 'ä😀'])('keeps any key inside its folder: %j', async (key) => {
    const driver = fsDriver(folder())
    await driver.setItem!(key, 'value', {})
    expect(await driver.getItem(key)).toBe('value')
    expect(await driver.getKeys('', {})).toEqual([key])
    expect(readdirSync(folder())).toHaveLength(1)
    await driver.removeItem!(key, {})
    expect(readdirSync(folder())).toEqual([])
  })

  it('takes no half-written file of a killed process for a session, and clears it away at the next start', async () => {
    const running = fsDriver(folder())
    await running.setItem!('a', 'value', {})
    writeFileSync(directory.path('sessions', 'a.1234567'), 'half a val')
    expect(await running.getKeys('', {})).toEqual(['a'])
    await fsDriver(folder()).dispose?.()
    expect(readdirSync(folder())).toEqual(['a'])
  })

  it('leaves files of somebody else alone', async () => {
    mkdirSync(folder())
    const foreign = ['README.md', '%zz', 'a.b.1', '.gitignore']
    for (const file of foreign) writeFileSync(directory.path('sessions', file), 'theirs')
    const driver = fsDriver(folder())
    expect(await driver.getKeys('', {})).toEqual([])
    await driver.clear!('', {})
    for (const file of foreign) expect(readFileSync(directory.path('sessions', file), 'utf8')).toBe('theirs')
  })

  it('throws where a file cannot be read, written or deleted, and never answers "missing"', async () => {
    const driver = fsDriver(folder())
    mkdirSync(directory.path('sessions', 'a', 'x'), { recursive: true })
    await expect(driver.getItem('a')).rejects.toThrow('EISDIR')
    await expect(driver.setItem!('a', 'value', {})).rejects.toThrow('EISDIR')
    await expect(driver.removeItem!('a', {})).rejects.toThrow()
    directory.remove()
    await expect(driver.getKeys('', {})).rejects.toThrow('ENOENT')
  })
})
