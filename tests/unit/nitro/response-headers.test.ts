import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp, eventHandler, toPlainHandler } from 'h3'
import { describe, expect, it } from 'vitest'
import {
  appendVary, keepHeaders, markPrivate, setHeldHeaders, setSessionCookie,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/response-headers'

const NAME = '__Host-session'

/** What a client receives of a response. */
async function receive(respond: (response: ServerResponse) => void): Promise<Response> {
  const server = createServer((_, response) => {
    keepHeaders(response, NAME)
    respond(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }
  finally {
    server.close()
    server.closeAllConnections()
  }
}

describe('the headers that the module has set', () => {
  it('are written with those of writeHead in all its forms', async () => {
    const forms: ((response: ServerResponse) => void)[] = [
      response => response.writeHead(200, { 'cache-control': 'public', 'x-a': '1' }).end(),
      response => response.writeHead(200, 'Fine', { 'cache-control': 'public', 'x-a': '1' }).end(),
      response => response.writeHead(200, undefined, { 'cache-control': 'public', 'x-a': '1' }).end(),
      response => response.writeHead(200, ['cache-control', 'public', 'x-a', '1']).end(),
      response => response.writeHead(200, [['cache-control', 'public'], ['x-a', '1']] as never).end(),
      response => response.setHeader('cache-control', 'public').setHeader('x-a', '1').writeHead(200).end(),
    ]
    for (const form of forms) {
      const { headers } = await receive((response) => {
        markPrivate(response)
        form(response)
      })
      expect([headers.get('cache-control'), headers.get('vary'), headers.get('x-a')])
        .toEqual(['private, no-store', 'Cookie', '1'])
    }
  })

  it('keep the status, its text and the body', async () => {
    const response = await receive((response) => {
      markPrivate(response)
      response.writeHead(418, 'A Teapot').end('short and stout')
    })
    expect([response.status, response.statusText, await response.text()]).toEqual([418, 'A Teapot', 'short and stout'])
  })

  it('are the last word after middleware that replaces writeHead, earlier or later', async () => {
    const replace = (response: ServerResponse) => {
      const { writeHead } = response
      response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
        this.setHeader('cache-control', 'public')
        return (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args)
      } as typeof writeHead
    }
    const later = await receive((response) => {
      markPrivate(response)
      replace(response)
      response.end()
    })
    const before = await receive((response) => {
      replace(response)
      markPrivate(response)
      response.end()
    })
    for (const { headers } of [later, before]) expect(headers.get('cache-control')).toBe('private, no-store')
  })

  it('are none of a response that uses no session', async () => {
    const { headers } = await receive(response => response.writeHead(200, { 'cache-control': 'public' }).end())
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['public', null])
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['setHeader', response => response.setHeader('set-cookie', ['a=1', `${NAME}=of a backend`]).end()],
    ['writeHead', response => response.writeHead(200, { 'Set-Cookie': ['a=1', `${NAME}=of a backend`] }).end()],
    ['writeHead with pairs', response => response.writeHead(200, [
      'set-cookie', 'a=1', 'set-cookie', `${NAME}=of a backend`,
    ]).end()],
  ])('contain no session cookie of others, also if the response uses no session: %s', async (_, respond) => {
    const { headers } = await receive(respond)
    expect(headers.getSetCookie()).toEqual(['a=1'])
    expect(headers.get('cache-control')).toBeNull()
  })

  it('contain no session cookie of others on a response to a listed origin either', async () => {
    const { headers } = await receive((response) => {
      setHeldHeaders(response, { 'access-control-allow-origin': 'https://a.test' }, 'Origin')
      response.setHeader('set-cookie', ['a=1', `${NAME}=of a backend`]).end()
    })
    expect(headers.getSetCookie()).toEqual(['a=1'])
  })

  it('contain the last session cookie only, and the cookies of others', async () => {
    const { headers } = await receive((response) => {
      response.setHeader('set-cookie', ['a=1', `${NAME}=planted`])
      setSessionCookie(response, [`${NAME}=first; Path=/`])
      setSessionCookie(response, [`${NAME}=second; Path=/`])
      response.appendHeader('set-cookie', ` ${NAME}=planted again`)
      response.appendHeader('set-cookie', `${NAME}2=other`)
      response.end()
    })
    expect(headers.getSetCookie()).toEqual(['a=1', `${NAME}2=other`, `${NAME}=second; Path=/`])
  })

  it('stay if others remove them', async () => {
    const { headers } = await receive((response) => {
      markPrivate(response)
      setSessionCookie(response, [`${NAME}=a`])
      setHeldHeaders(response, { 'access-control-allow-origin': 'https://a.test' }, 'Origin')
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      response.setHeader('access-control-allow-origin', '*')
      response.end()
    })
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('set-cookie')).toBe(`${NAME}=a`)
    expect(headers.get('access-control-allow-origin')).toBe('https://a.test')
    expect(headers.get('vary')).toBe('Cookie, Origin')
  })

  it('keep several values of one name', async () => {
    const names = ['set-cookie', ['a=1', 'b=2']]
    for (const headers of [names, [names], ['set-cookie', 'a=1', 'set-cookie', 'b=2']]) {
      const received = await receive((response) => {
        markPrivate(response)
        response.writeHead(200, headers as never).end()
      })
      expect(received.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    }
  })

  it('are written on a platform without Node’s own server, where nothing calls writeHead', async () => {
    const app = createApp().use(eventHandler(({ node: { res } }) => {
      keepHeaders(res, NAME)
      markPrivate(res)
      setSessionCookie(res, [`${NAME}=a`])
      res.setHeader('cache-control', 'public')
      res.removeHeader('set-cookie')
      res.end('body')
    }))
    const { headers } = await toPlainHandler(app)({ method: 'GET', path: '/', headers: {} })
    const expected = { 'cache-control': 'private, no-store', 'set-cookie': `${NAME}=a` }
    expect(Object.fromEntries(headers)).toMatchObject(expected)
  })

  it('cannot be set once the response has begun', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    await receive((response) => {
      response.flushHeaders()
      try {
        setSessionCookie(response, [`${NAME}=a`])
      }
      catch (error) {
        resolve((error as Error).message)
      }
      response.end()
    })
    expect(await promise).toContain('The response has already begun')
  })
})

describe('appendVary', () => {
  it.each([
    [undefined, 'Cookie', 'Cookie'],
    ['Origin', 'Cookie', 'Origin, Cookie'],
    ['origin, COOKIE', 'Cookie', 'origin, COOKIE'],
    ['*', 'Cookie', '*'],
    ['Accept', 'Origin, Cookie', 'Accept, Origin, Cookie'],
    ['X-Cookie', 'Cookie', 'X-Cookie, Cookie'],
  ])('makes %j and %j to %j', async (before, names, after) => {
    const { headers } = await receive((response) => {
      if (before !== undefined) response.setHeader('vary', before)
      appendVary(response, names)
      response.end()
    })
    expect(headers.get('vary')).toBe(after)
  })
})
