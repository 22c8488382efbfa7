import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../../scripts/require-node.mjs')

/** Runs the script in a process that says it is another version of Node. */
function run(version: string) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { node: ${JSON.stringify(version)} } })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, SCRIPT],
    { encoding: 'utf8' },
  )
  return { status, stderr }
}

describe('scripts/require-node.mjs', () => {
  it.each(['22.22.0', '22.30.1', '24.15.0', '24.21.0', '26.0.0', '28.1.0'])('says nothing on Node %s', (version) => {
    expect(run(version)).toEqual({ status: 0, stderr: '' })
  })

  it.each(['18.20.8', '20.20.2', '22.21.1', '23.11.0', '24.14.9', '25.9.0'])(
    'stops on Node %s, with one sentence that names it and what to do',
    (version) => {
      const { status, stderr } = run(version)
      expect(status).toBe(1)
      expect(stderr.trim().split('\n')).toEqual([
        expect.stringContaining(`this is Node ${version}. Its own Node comes with`),
      ])
    },
  )
})
