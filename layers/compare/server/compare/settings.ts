import { StartupError } from '../../../../server/tls/settings.ts'
import type { ComparisonPorts } from '../../shared/compare/origins'

/**
 * Reads whether the comparison is enabled, and its ports: `NUXT_COMPARE`, `NUXT_COMPARE_SAME_SITE_PORT` (2015),
 * `NUXT_COMPARE_CROSS_SITE_PORT` (2016).
 *
 * @returns null if it is not enabled, without reading the ports
 * @throws StartupError on an invalid value
 */
export function readComparison(env: Record<string, string | undefined>): ComparisonPorts | null {
  const text = (env.NUXT_COMPARE ?? '').trim().toLowerCase()
  if (['', '0', 'false'].includes(text)) return null
  if (text !== '1' && text !== 'true') throw new StartupError(`NUXT_COMPARE is ${JSON.stringify(env.NUXT_COMPARE)}, `
    + `which is neither yes nor no: set it to 1 or 0.`)
  return {
    sameSite: readPort(env, 'NUXT_COMPARE_SAME_SITE_PORT', 2015),
    crossSite: readPort(env, 'NUXT_COMPARE_CROSS_SITE_PORT', 2016),
  }
}

function readPort(env: Record<string, string | undefined>, name: string, byDefault: number): number {
  const text = env[name]?.trim()
  if (!text) return byDefault
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value
  throw new StartupError(`${name} is ${JSON.stringify(text)}, which is no port from 1 to 65535: correct or unset it.`)
}
