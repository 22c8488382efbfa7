import { existsSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { readFile, readdir, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Driver } from 'unstorage'
import writeFileAtomic from 'write-file-atomic'
import { lockedDriver } from './locked'
import type { StoreOpener } from './open-store'

/** Opens `fs:FOLDER`. */
export const openFolder: StoreOpener = (folder) => {
  if (!folder) return undefined
  const isNew = !existsSync(folder) || readdirSync(folder).length === 0
  return {
    driver: lockedDriver(fsDriver(folder)),
    location: `fs:${resolve(folder)}`,
    isNew,
    defaultKeys: { file: `${folder.replace(/\/+$/, '')}.keys` },
  }
}

/**
 * An unstorage driver with one file per entry in one folder: mode 0700, files 0600. Each write is complete or does not
 * happen: a temporary file, flushed and renamed.
 *
 * unstorage's `fs-lite` truncates a file before it writes, so that a crash leaves an empty one, and returns read errors
 * as if they were values, so that a disk error would look like a damaged session.
 */
export function fsDriver(directory: string): Driver {
  const base = resolve(directory)
  const pathOf = (key: string) => join(base, fileOf(key))
  mkdirSync(base, { recursive: true, mode: 0o700 })
  removeTemporaryFiles(base)
  const getKeys = async (prefix = '') => (await readdir(base)).flatMap(keyOf).filter(key => key.startsWith(prefix))
  const removeItem = async (key: string) => {
    await unlink(pathOf(key)).catch(nullIfAbsent)
  }
  return {
    name: 'fs',
    hasItem: key => existsSync(pathOf(key)),
    getItem: key => readFile(pathOf(key), 'utf8').catch(nullIfAbsent),
    setItem: (key, value) => writeFileAtomic(pathOf(key), value, { mode: 0o600 }),
    removeItem,
    getKeys,
    async clear(prefix) {
      await Promise.all((await getKeys(prefix)).map(removeItem))
    },
  }
}

/** Contains neither a dot, which marks a temporary file, nor anything that leads out of the folder. */
function fileOf(key: string): string {
  return encodeURIComponent(key).replace(/[.*]/g, character => character === '.' ? '%2E' : '%2A')
}

/** The key of a file, if this driver wrote it. */
function keyOf(file: string): string[] {
  try {
    const key = decodeURIComponent(file)
    return fileOf(key) === file ? [key] : []
  }
  catch {
    return []
  }
}

/** What a killed process was writing was never acknowledged. */
function removeTemporaryFiles(base: string) {
  for (const file of readdirSync(base)) {
    const [written = '', ...rest] = file.split('.')
    if (rest.length === 1 && /^\d+$/.test(rest[0]!) && keyOf(written).length > 0) unlinkSync(join(base, file))
  }
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
