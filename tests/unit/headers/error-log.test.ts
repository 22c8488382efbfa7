import { describe, expect, it } from 'vitest'
import { createErrorLog } from '../../../server/headers/error-log'

const unhandled = () => ({ unhandled: true, message: 'a secret of the app', data: { token: 'another' } })
const eventFor = (originalUrl: string) => ({ node: { req: { url: originalUrl, originalUrl } } })

describe('createErrorLog', () => {
  const paths = [['/a?token=x', '/a'], ['/a?b?c', '/a'], ['/a', '/a'], ['/?x', '/']]

  it.each(paths)('removes the query of %s', (url, path) => {
    const event = eventFor(url!)
    createErrorLog(() => 0)(unhandled(), event)
    expect(event.node.req.originalUrl).toBe(path)
    expect(event.node.req.url).toBe(url) // For the error page.
  })

  it('leaves errors alone that Nitro does not log', () => {
    const event = eventFor('/a?b')
    const error = { unhandled: false, message: 'Not found' }
    createErrorLog(() => 0)(error, event)
    expect([error.message, event.node.req.originalUrl]).toEqual(['Not found', '/a?b'])
  })

  it('lets ten a second be logged, and hides what the others contain', () => {
    let now = 0
    const prepare = createErrorLog(() => now)
    const burst = () => Array.from({ length: 25 }, () => {
      const error = unhandled()
      prepare(error, undefined)
      return error
    })
    const first = burst()
    now = 1000
    for (const errors of [first, burst()]) {
      expect(errors.filter(error => error.unhandled)).toHaveLength(10)
      for (const { message, data } of errors.slice(10)) expect([message, data]).toEqual(['Server Error', undefined])
    }
  })
})
