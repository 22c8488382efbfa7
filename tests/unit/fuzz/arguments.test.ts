import { describe, expect, it } from 'vitest'
import { HELP, UsageError, parseArguments } from '../../../packages/nuxt-cloakroom/src/fuzz/arguments'

const URL_ARGUMENT = 'https://localhost:3000/base/'

const parse = (...options: string[]) => parseArguments(['fuzz', URL_ARGUMENT, ...options])!

function problemOf(...args: string[]): string {
  try {
    parseArguments(args)
    return ''
  }
  catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message
  }
}

describe('the command line of the fuzzer', () => {
  it('has the defaults that the help text shows', () => {
    expect(parse()).toMatchObject({
      seed: null,
      requests: 2000,
      only: null,
      start: null,
      cookies: [],
      paths: [],
      origin: 'https://localhost:3000',
      messageBytes: 16 * 1024 * 1024,
      timeoutMs: 10_000,
      isInsecure: false,
      allowRemote: false,
    })
    for (const text of ['(2000)', '(\'GET /\')', '(16777216)', '(10)']) expect(HELP).toContain(text)
  })

  it('takes a request that begins a session, with a body that has spaces', () => {
    expect(parse('--start', 'POST /api/login {"name": "{marker}"}').start)
      .toEqual({ method: 'POST', path: '/api/login', json: '{"name": "{marker}"}' })
  })

  it('takes an option several times', () => {
    const options = parse('--path', '/a', '--path', '/b', '--socket', '/c')
    expect(options).toMatchObject({ paths: ['/a', '/b'], socketPaths: ['/c'] })
  })

  it('returns null if help is asked for', () => {
    expect(parseArguments(['--help'])).toBeNull()
  })

  it('shows the help without a command', () => {
    expect(problemOf()).toBe(HELP)
    expect(problemOf('fuzz')).toBe(HELP)
    expect(problemOf('other', URL_ARGUMENT)).toBe(HELP)
  })

  it.each([
    [['--seed', '1.5'], '--seed needs a whole number, not 1.5.'],
    [['--start', 'login'], '--start needs a method, a path and, if the request has a body, JSON'],
    [['--path', 'api'], '--path needs a path that begins with a slash, not api.'],
    [['--cookie', 'x'], '--cookie needs the name and the value of the session cookie: NAME=VALUE.'],
    [['--cookie', 'a=1', '--cookie', 'a=2', '--cookie', 'a=3'], '--cookie may be given twice at most.'],
    [['--store', 'redis://x'], '--store needs sqlite: and a file.'],
    [['--origin', 'x'], 'x is not an address like https://localhost:3000.'],
    [['--nothing'], 'Unknown option \'--nothing\''],
  ])('says what is wrong with %j', (options, problem) => {
    expect(problemOf('fuzz', URL_ARGUMENT, ...options)).toContain(problem)
  })
})
