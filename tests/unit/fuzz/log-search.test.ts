import { appendFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Canaries } from '../../../packages/nuxt-cloakroom/src/fuzz/canaries'
import { LogSearch } from '../../../packages/nuxt-cloakroom/src/fuzz/log-search'
import { makeDirectory } from '../../support/directory.ts'

const canaries = new Canaries(1)
const COOKIE = 'the-value-of-a-valid-cookie'

describe('the search of the log', () => {
  const directory = makeDirectory()
  let search: LogSearch

  beforeEach(() => {
    writeFileSync(directory.path('log'), `${canaries.of(1, 'body')} ${COOKIE}\n    at old (file.js:1:1)\n`)
    search = new LogSearch(directory.path('log'))
  })

  afterEach(() => directory.remove())

  it('finds nothing in what was logged before, and in harmless lines', () => {
    log(`GET /api/x 200, look at this, ${new Canaries(2).of(1, 'body')}`)
    expect(find()).toEqual([])
  })

  it.each(['query', 'header', 'cookie', 'body'] as const)('finds a value from the %s of a request', (place) => {
    log(`error: ${canaries.of(7, place)}, again ${canaries.of(7, place)}`)
    expect(find()).toEqual([
      { check: 'logged', message: `The log contains a value from the ${place} of a request.`, index: 7 },
    ])
  })

  it('finds a valid cookie', () => {
    log(COOKIE)
    expect(find()).toEqual([{ check: 'logged', message: 'The log contains a valid session cookie.', index: null }])
  })

  it('finds stack traces', () => {
    log('Error: x\n    at one (file.js:1:1)\n    at two (file.js:2:1)')
    expect(find()).toEqual([{
      check: 'stack-trace',
      message: 'The log contains 2 lines of stack traces: at one (file.js:1:1) | at two (file.js:2:1)',
      index: null,
    }])
  })

  it('needs a file that exists', () => {
    expect(() => new LogSearch(directory.path('nothing'))).toThrow('ENOENT')
  })

  function log(text: string) {
    appendFileSync(directory.path('log'), `${text}\n`)
  }

  function find() {
    return search.find(canaries, [COOKIE])
  }
})
