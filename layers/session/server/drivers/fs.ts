import { existsSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { readFile, readdir, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Driver } from 'unstorage'
import writeFileAtomic from 'write-file-atomic'

/**
 * One file an entry, in one folder: mode 0700, files 0600. Writes are whole or not at all: a temporary file, flushed and renamed.
 *
 * Not unstorage's `fs-lite`, which truncates a file before it writes, so that a crash in between leaves an empty one, and
 * which gives read errors back as if they were values, so that a disk error would look like a broken session.
 */
export function fsDriver(directory: string): Driver {
  const base = resolve(directory)
  const pathOf = (key: string) => join(base, fileOf(key))
  mkdirSync(base, { recursive: true, mode: 0o700 })
  removeLeftovers(base)
  const getKeys = async (prefix = '') => (await readdir(base)).flatMap(keyOf).filter(key => key.startsWith(prefix))
  const removeItem = async (key: string) => void await unlink(pathOf(key)).catch(ifAbsent)
  return {
    name: 'fs',
    hasItem: key => existsSync(pathOf(key)),
    getItem: key => readFile(pathOf(key), 'utf8').catch(ifAbsent),
    setItem: (key, value) => writeFileAtomic(pathOf(key), value, { mode: 0o600 }),
    removeItem,
    getKeys,
    clear: async prefix => void await Promise.all((await getKeys(prefix)).map(removeItem)),
  }
}

/** Neither a dot, which marks a temporary file, nor anything that leads out of the folder. */
function fileOf(key: string): string {
  return encodeURIComponent(key).replace(/[.*]/g, character => character === '.' ? '%2E' : '%2A')
}

/** The key of a file, if it is one of ours. */
function keyOf(file: string): string[] {
  try {
    const key = decodeURIComponent(file)
    return fileOf(key) === file ? [key] : []
  }
  catch {
    return []
  }
}

/** What a killed process was about to write was never acknowledged. */
function removeLeftovers(base: string) {
  for (const file of readdirSync(base)) {
    const [written = '', ...rest] = file.split('.')
    if (rest.length === 1 && /^\d+$/.test(rest[0]!) && keyOf(written).length > 0) unlinkSync(join(base, file))
  }
}

function ifAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
