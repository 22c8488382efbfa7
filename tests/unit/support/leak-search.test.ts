import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  LEAK_FOLDER, keepCookie, keepLine, keepTexts, searchForLeaks,
} from '../../support/leak-search'
import { makeDirectory } from '../../support/directory'

const directory = makeDirectory()

afterEach(() => {
  directory.remove()
  vi.unstubAllEnvs()
})

function write(file: string, texts: readonly string[]) {
  writeFileSync(directory.path(file), texts.map(text => `${JSON.stringify(text)}\n`).join(''))
}

const numbered = (text: string) => Array.from({ length: 100 }, (_, i) => `${text} ${i}`)

describe('searchForLeaks', () => {
  it('passes if nothing that was sent was printed', () => {
    write('sent', numbered('a text that was sent'))
    write('printed', numbered('a line'))
    expect(searchForLeaks(directory.path(''))).toMatchObject({ passed: 1, failed: 0, failures: [] })
  })

  it('fails with each text that was printed, also over several lines', () => {
    write('sent', [...numbered('a text that was sent'), 'two\nlines of a text'])
    write('printed', [...numbered('a line'), 'error: a text that was sent 7!', '{ note: two', 'lines of a text }'])
    expect(searchForLeaks(directory.path(''))).toMatchObject({
      passed: 0,
      failed: 1,
      failures: [{ reason: 'was printed: a text that was sent 7' }, { reason: 'was printed: two\nlines of a text' }],
    })
  })

  it.each([
    ['JSON', (text: string) => JSON.stringify({ note: text })],
    ['an object in a console', (text: string) => inspect({ note: text }, { breakLength: Infinity })],
  ])('finds a text with special characters in %s', (_, print) => {
    const text = 'a "quoted" text\nwith a \\ and it\'s end'
    write('sent', [...numbered('a text that was sent'), text])
    write('printed', [...numbered('a line'), print(text)])
    const failures = [{ reason: `was printed: ${text}` }]
    expect(searchForLeaks(directory.path(''))).toMatchObject({ failed: 1, failures })
  })

  it('fails if little was sent or printed, because then it searches in vain', () => {
    const reasons = ['only 0 texts were sent', 'only 0 lines were printed'].map(reason => ({ reason }))
    mkdirSync(directory.path(''), { recursive: true })
    expect(searchForLeaks(directory.path(''))).toMatchObject({ failed: 1, failures: reasons })
  })
})

describe('what is kept', () => {
  const sent = () => readFileSync(directory.path('sent'), 'utf8').split('\n').filter(Boolean)

  it('is the cookies and the longer texts of bodies, each once, and the lines', () => {
    vi.stubEnv(LEAK_FOLDER, directory.path(''))
    keepCookie('__Host-session=a-sealed-cookie-of-a-test; Path=/')
    keepCookie('__Host-session=; Max-Age=0')
    keepCookie('theme=dark-and-rather-long; Path=/')
    for (let i = 0; i < 2; i++) keepTexts({ name: 'ada', deep: [{ note: 'a text with 20 chars' }], n: 1, no: null })
    keepLine('a line')
    expect(sent()).toEqual(['"a-sealed-cookie-of-a-test"', '"a text with 20 chars"'])
    expect(readFileSync(directory.path('printed'), 'utf8')).toBe('"a line"\n')
  })
})
