import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A temporary directory. The first call of `path` creates it, and `remove` deletes it. */
export function makeDirectory() {
  let root: string | undefined
  return {
    path(...parts: string[]): string {
      root ??= mkdtempSync(join(tmpdir(), 'cloakroom-'))
      return join(root, ...parts)
    },
    remove() {
      if (root) rmSync(root, { recursive: true, force: true })
      root = undefined
    },
  }
}
