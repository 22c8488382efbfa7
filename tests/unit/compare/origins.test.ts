import { describe, expect, it } from 'vitest'
import { otherOrigins } from '../../../layers/compare/shared/compare/origins'

const PORTS = { sameSite: 2015, crossSite: 2016 }

describe('otherOrigins', () => {
  it.each([
    ['localhost', 'https://localhost:2015', 'https://127.0.0.1:2016'],
    ['127.0.0.1', 'https://127.0.0.1:2015', 'https://localhost:2016'],
    ['[::1]', 'https://[::1]:2015', 'https://localhost:2016'],
  ])(
    'gives a page on %s another port of the host, and another name of the machine',
    (hostname, sameSite, crossSite) => {
      expect(otherOrigins(hostname, PORTS)).toEqual({ 'same-site': sameSite, 'cross-site': crossSite })
    },
  )

  it.each(['app.example', 'localhost.example', '192.168.1.20', 'evil.test; script-src *', ''])(
    'gives %j none',
    (hostname) => {
      expect(otherOrigins(hostname, PORTS)).toBeNull()
    },
  )
})
