import { describe, expect, it } from 'vitest'
import { connectionErrorLog } from '../../../server/tls/connection-errors'

describe('connectionErrorLog', () => {
  it('writes one line a second, with the number of connections in between', () => {
    let now = 5000
    const lines: string[] = []
    const log = connectionErrorLog(line => lines.push(line), () => now)
    for (let count = 0; count < 1000; count++) log(new Error('accept EMFILE'))
    now += 999
    log(new Error('accept EMFILE'))
    expect(lines).toEqual(['[tls] A connection could not be taken: accept EMFILE'])
    now += 1
    log(new Error('accept EMFILE'))
    expect(lines[1]).toBe('[tls] A connection could not be taken: accept EMFILE (and 1000 before it)')
    now += 1000
    log(new Error('accept ENFILE'))
    expect(lines[2]).toBe('[tls] A connection could not be taken: accept ENFILE')
  })
})
