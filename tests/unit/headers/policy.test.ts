import { describe, expect, it } from 'vitest'
import { addNonce, pagePolicy, securityHeaders } from '../../../server/headers/policy'

const NONCE = 'abc+/=='

describe('securityHeaders', () => {
  it.each(['app.example.com', 'app.example.com:8443', 'localhost.example.com', 'notlocalhost', undefined])(
    'asks %s for HTTPS for a year',
    (host) => {
      expect(securityHeaders(host)['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    },
  )

  it.each(['localhost', 'LOCALHOST:3000', 'app.localhost', '127.0.0.1:3000', '[::1]:3000', '[::1]', '192.168.1.20'])(
    'asks %s for HTTPS for a minute: ports do not part HSTS',
    (host) => {
      expect(securityHeaders(host)['strict-transport-security']).toBe('max-age=60')
    },
  )

  it('lets nothing run or be framed that is no page', () => {
    expect(securityHeaders('localhost')).toMatchObject({
      'content-security-policy':
        'default-src \'none\'; style-src \'unsafe-inline\'; base-uri \'none\'; form-action \'none\'; frame-ancestors '
        + '\'none\'',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'strict-origin-when-cross-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=(), '),
    })
  })
})

describe('pagePolicy', () => {
  it('lets scripts run from this origin or with the nonce, and no other inline one', () => {
    const policy = pagePolicy(NONCE)
    expect(policy).toContain(`script-src 'self' 'nonce-${NONCE}';`)
    expect(policy).toContain(`style-src 'self' 'nonce-${NONCE}';`)
    expect(policy.split('; ').filter(directive => /unsafe|\*|https:|http:|wss:/.test(directive))).toEqual([
      'style-src-attr \'unsafe-inline\'',
    ])
  })

  it('lets in more in development: Vite\'s styles and its socket, but no script', () => {
    const policy = pagePolicy(NONCE, { dev: true })
    expect(policy.split('; ').filter(directive => /unsafe|wss:/.test(directive))).toEqual([
      'style-src \'self\' \'unsafe-inline\'',
      'connect-src \'self\' wss:',
    ])
  })
})

describe('addNonce', () => {
  it('marks scripts, styles and links of the head, and after the content', () => {
    const page = {
      head: ['<meta a="b"><script>1</script>', '<style id="x">y{}</style><link rel="stylesheet"><scripted>'],
      bodyAppend: ['<script src="x"></script>'],
    }
    addNonce(page, NONCE)
    expect(page.head).toEqual([
      `<meta a="b"><script nonce="${NONCE}">1</script>`,
      `<style nonce="${NONCE}" id="x">y{}</style><link nonce="${NONCE}" rel="stylesheet"><scripted>`,
    ])
    expect(page.bodyAppend).toEqual([`<script nonce="${NONCE}" src="x"></script>`])
  })

  it('leaves the content alone, where a script may have been smuggled in (X1)', () => {
    const smuggled = ['<script>alert(1)</script>']
    const page = { head: [], bodyPrepend: smuggled, body: smuggled, bodyAppend: [] }
    addNonce(page, NONCE)
    expect(page).toEqual({
      head: [],
      bodyPrepend: ['<script>alert(1)</script>'],
      body: ['<script>alert(1)</script>'],
      bodyAppend: [],
    })
  })
})
