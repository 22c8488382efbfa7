import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Driver } from 'unstorage'
import fsLite from 'unstorage/drivers/fs-lite'
import writeFileAtomic from 'write-file-atomic'

/**
 * unstorage's `fs-lite` with writes that are whole or not at all: a temporary file, flushed and renamed. `fs-lite` itself
 * truncates first, so a crash or a read in between meets an empty file. Folder mode 0700, files 0600.
 */
export function fsDriver(directory: string): Driver {
  const base = resolve(directory)
  mkdirSync(base, { recursive: true, mode: 0o700 })
  return {
    ...fsLite({ base }),
    name: 'fs',
    setItem: (key, value) => writeFileAtomic(join(base, fileOf(key)), value, { mode: 0o600 }),
  }
}

function fileOf(key: string): string {
  if (/[^\w:.-]/.test(key) || key.includes('..')) throw new TypeError(`[session] [store:fs] "${key}" cannot be the name of a file`)
  return key.replaceAll(':', '/')
}
