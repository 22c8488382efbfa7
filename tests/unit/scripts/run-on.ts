import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const SCRIPT = join(import.meta.dirname, '../../../scripts/require-node.mjs')

/** Runs `require-node.mjs` in a process that says it is another version of Node. */
export function runOn(version: string) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { node: ${JSON.stringify(version)} } })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, SCRIPT],
    { encoding: 'utf8' },
  )
  return { status, stderr }
}
