import { describe, expect, it } from 'vitest'
import { readComparison } from '../../../layers/compare/server/compare/settings'
import { StartupError } from '../../../server/tls/settings'

describe('readComparison', () => {
  it.each([undefined, '', ' ', '0', 'false', 'False'])(
    'leaves the comparison off for %j, whatever else is set',
    (value) => {
      expect(readComparison({ NUXT_COMPARE: value, NUXT_COMPARE_SAME_SITE_PORT: 'nonsense' })).toBeNull()
    },
  )

  it.each(['1', 'true', 'TRUE '])('switches it on for %j, on ports 2015 and 2016', (value) => {
    expect(readComparison({ NUXT_COMPARE: value })).toEqual({ sameSite: 2015, crossSite: 2016 })
  })

  it('takes other ports, from 1 to 65535', () => {
    expect(
      readComparison({ NUXT_COMPARE: '1', NUXT_COMPARE_SAME_SITE_PORT: '1', NUXT_COMPARE_CROSS_SITE_PORT: '65535' }),
    ).toEqual({ sameSite: 1, crossSite: 65_535 })
  })

  it.each([
    [{ NUXT_COMPARE: 'maybe' }, 'NUXT_COMPARE is "maybe"'],
    [{ NUXT_COMPARE: '1', NUXT_COMPARE_SAME_SITE_PORT: '0' }, 'NUXT_COMPARE_SAME_SITE_PORT is "0"'],
    [{ NUXT_COMPARE: '1', NUXT_COMPARE_CROSS_SITE_PORT: '65536' }, 'NUXT_COMPARE_CROSS_SITE_PORT is "65536"'],
    [{ NUXT_COMPARE: '1', NUXT_COMPARE_CROSS_SITE_PORT: '20.16' }, 'NUXT_COMPARE_CROSS_SITE_PORT is "20.16"'],
  ])('refuses %j in one sentence', (env, start) => {
    expect(() => readComparison(env)).toThrow(StartupError)
    expect(() => readComparison(env)).toThrow(start)
  })
})
