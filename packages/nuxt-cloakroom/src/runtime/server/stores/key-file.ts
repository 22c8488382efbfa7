import { randomUUID } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generateKey } from '../sessions/key-ring'

/**
 * Reads the keys of a key file, or creates it with one new key. The file has mode 0600 and is written completely or not
 * at all: of two processes that start at the same time, both use the keys of the one that was first.
 */
export function readOrCreateKeyFile(path: string): string {
  const keys = read(path)
  if (keys !== undefined) return keys
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}.tmp` // In a container every process may have the same id.
  writeFileSync(temporary, `${generateKey()}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    linkSync(temporary, path) // Unlike a rename, it never replaces a file that another process has created.
  }
  catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  finally {
    unlinkSync(temporary)
  }
  return readFileSync(path, 'utf8')
}

function read(path: string): string | undefined {
  try {
    if (statSync(path).mode & 0o077) chmodSync(path, 0o600)
    return readFileSync(path, 'utf8')
  }
  catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}
