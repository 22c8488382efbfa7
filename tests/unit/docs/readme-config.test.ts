import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { parseConfig, variableOf } from '../../../layers/session/server/engine/config'

interface Setting {
  readonly field: string
  readonly variable: string
  readonly fallback: string
  readonly kind: string
  /** What stands in code marks among the limits. */
  readonly limits: readonly string[]
}

const LAYER = join(import.meta.dirname, '../../../layers/session')
const OUT_OF_RANGE = /is out of range/
const settings = readTable(readFileSync(join(LAYER, 'README.md'), 'utf8'))
const ofKind = (kind: string) => settings.filter(setting => setting.kind === kind)

describe('the configuration table of the layer\'s README', () => {
  let fields: string[]

  beforeAll(async () => {
    vi.stubGlobal('defineNuxtConfig', (config: unknown) => config)
    const { default: config } = await import('../../../layers/session/nuxt.config') as unknown as { default: { runtimeConfig: { session: object } } }
    fields = Object.keys(config.runtimeConfig.session)
  })

  it('lists every setting once, and no other', () => {
    expect(settings.map(({ field }) => field).sort()).toEqual(fields.sort())
  })

  it.each(settings)('names the variable of $field', ({ field, variable }) => {
    expect(variable).toBe(variableOf(field))
  })

  it.each(settings)('has the default of $field', ({ field, fallback }) => {
    expect(parseConfig({ [field]: fallback })).toEqual(parseConfig({}))
  })

  it.each(ofKind('duration'))('has the limits of $field', ({ field, limits: [shortest, longest] }) => {
    expect([shortest, longest]).toEqual(['1s', '400d'])
    expect(problem(field, shortest!)).not.toMatch(OUT_OF_RANGE)
    expect(problem(field, longest!)).not.toMatch(OUT_OF_RANGE)
    expect(problem(field, '999ms')).toMatch(OUT_OF_RANGE)
    expect(problem(field, '401d')).toMatch(OUT_OF_RANGE)
    expect(problem(field, '60')).toMatch(/is not a duration/)
  })

  it.each(settings.filter(({ limits }) => limits.at(-1)?.endsWith('Timeout')))('says that $field must not be over another', ({ field, limits }) => {
    expect(problem(field, '2h', { [limits.at(-1)!]: '1h' })).toMatch(/is longer than the absolute timeout/)
  })

  it.each(ofKind('choice'))('has the choices of $field, the default first', ({ field, fallback, limits }) => {
    expect(limits[0]).toBe(fallback)
    expect(limits.map(choice => problem(field, choice))).toEqual(limits.map(() => ''))
    expect(problem(field, 'other')).toContain(`is none of ${limits.join(', ')}.`)
  })

  it.each(ofKind('count'))('has the limit of $field', ({ field, limits: [least] }) => {
    expect(problem(field, least!)).toBe('')
    expect(problem(field, String(Number(least) - 1))).toMatch(/is not a count/)
  })

  it.each(ofKind('flag'))('has the values of $field', ({ field, limits }) => {
    const values = limits.filter(limit => /^\d$/.test(limit))
    expect(values.map(value => problem(field, value, { allowedOrigins: 'https://other.test' }))).toEqual(['', ''])
    expect(problem(field, '2')).toMatch(/is neither 1 nor 0/)
  })

  it('has a row of a known kind for each setting', () => {
    expect(new Set(settings.map(({ kind }) => kind))).toEqual(new Set(['URL', 'list', 'flag', 'text', 'duration', 'choice', 'count']))
  })
})

/** What the configuration says of a value; empty if it takes it. */
function problem(field: string, value: string, others: Record<string, string> = {}): string {
  try {
    parseConfig({ ...others, [field]: value })
    return ''
  }
  catch (error) {
    return (error as Error).message
  }
}

function readTable(readme: string): Setting[] {
  const rows = readme.split('\n').filter(line => line.includes('`NUXT_SESSION_') && line.startsWith('| `'))
  return rows.map((row) => {
    const [field, variable, fallback, kind, limits] = row.split('|').slice(1, 6).map(cell => cell.trim())
    return { field: bare(field!), variable: bare(variable!), fallback: fallback === 'none' ? '' : bare(fallback!), kind: kind!, limits: [...limits!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!) }
  })
}

function bare(cell: string): string {
  return cell.replaceAll('`', '')
}
