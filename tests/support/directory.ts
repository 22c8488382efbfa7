import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of its own, made when it is first asked for and gone after `remove`. */
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
