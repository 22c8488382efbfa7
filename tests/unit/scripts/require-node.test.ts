import { describe, expect, it } from 'vitest'
import { runOn } from './run-on'

describe('scripts/require-node.mjs', () => {
  it.each(['22.22.0', '22.30.1', '24.15.0', '24.21.0', '26.0.0', '28.1.0'])('says nothing on Node %s', (version) => {
    expect(runOn(version)).toEqual({ status: 0, stderr: '' })
  })

  it.each(['18.20.8', '20.20.2', '22.21.1', '23.11.0', '24.14.9', '25.9.0'])(
    'stops on Node %s, with one sentence that names it and what to do',
    (version) => {
      const { status, stderr } = runOn(version)
      expect(status).toBe(1)
      expect(stderr.trim().split('\n')).toEqual([
        expect.stringContaining(`this is Node ${version}. Its own Node comes with`),
      ])
    },
  )
})
