import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  SETTING_NAMES, assertKnownSettings, envNameOf, parseConfig,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'

interface Setting {
  readonly field: string
  readonly variable: string
  readonly fallback: string
  readonly kind: string
  /** The code in the limits column. */
  readonly limits: readonly string[]
}

const MODULE = join(import.meta.dirname, '../../../packages/nuxt-cloakroom')
const OUT_OF_RANGE = /is out of range/
const readme = readFileSync(join(MODULE, 'README.md'), 'utf8')
const settings = readTable(readme)
const ofKind = (kind: string) => settings.filter(setting => setting.kind === kind)

describe('the configuration table in the README of nuxt-cloakroom', () => {
  it('lists every setting exactly once, and nothing else', () => {
    expect(settings.map(({ field }) => field).sort()).toEqual([...SETTING_NAMES].sort())
  })

  it.each(settings)('names the environment variable of $field', ({ field, variable }) => {
    expect(variable).toBe(envNameOf(field))
  })

  it.each(settings)('has the default of $field', ({ field, fallback }) => {
    expect(parseConfig({ [field]: fallback })).toEqual(parseConfig({}))
  })

  it.each(ofKind('duration'))('has the limits of $field', ({ field, limits: [min, max] }) => {
    expect([min, max]).toEqual(['1s', '400d'])
    expect(problem(field, min!)).not.toMatch(OUT_OF_RANGE)
    expect(problem(field, max!)).not.toMatch(OUT_OF_RANGE)
    expect(problem(field, '999ms')).toMatch(OUT_OF_RANGE)
    expect(problem(field, '401d')).toMatch(OUT_OF_RANGE)
    expect(problem(field, '60')).toMatch(/is not a duration/)
  })

  it.each(settings.filter(({ limits }) => limits.at(-1)?.endsWith('Timeout')))(
    'says that $field must not be longer than its absolute timeout',
    ({ field, limits }) => {
      expect(problem(field, '2h', { [limits.at(-1)!]: '1h' })).toMatch(/is longer than the absolute timeout/)
    },
  )

  it('says that the grace period must not be longer than the rotation interval', () => {
    const { field, limits } = settings.find(({ field }) => field === 'rotationGrace')!
    expect(limits.at(-1)).toBe('rotateEvery')
    expect(problem(field, '2m', { rotateEvery: '1m' })).toMatch(/is longer than the time between two rotations/)
  })

  it.each(ofKind('choice'))('has the choices of $field, the default first', ({ field, fallback, limits }) => {
    expect(limits[0]).toBe(fallback)
    expect(limits.map(choice => problem(field, choice))).toEqual(limits.map(() => ''))
    expect(problem(field, 'other')).toContain(`is not one of ${limits.join(', ')}.`)
  })

  it.each(ofKind('count'))('has the limit of $field', ({ field, limits: [min] }) => {
    expect(problem(field, min!)).toBe('')
    expect(problem(field, String(Number(min) - 1))).toMatch(/is not a count/)
  })

  it.each(ofKind('flag'))('has the values of $field', ({ field, limits }) => {
    const values = limits.filter(limit => /^\d$/.test(limit))
    const others = { allowedOrigins: 'https://other.test' }
    expect(values.map(value => problem(field, value, others))).toEqual(['', ''])
    expect(problem(field, '2')).toMatch(/is neither 1 nor 0/)
  })

  it('has a known kind for each setting', () => {
    const kinds = new Set(settings.map(({ kind }) => kind))
    expect(kinds).toEqual(new Set(['URL', 'list', 'flag', 'text', 'duration', 'choice', 'count']))
  })
})

describe('the options of nuxt.config.ts', () => {
  it('are the settings except the keys, and what is set at build time', () => {
    const [, fields] = /interface ModuleOptions \{([^}]+)\}/.exec(readFileSync(join(MODULE, 'src/options.ts'), 'utf8'))!
    const options = [...fields!.matchAll(/^ {2}(\w+)\?: /gm)].map(([, name]) => name!)
    const expected = [...SETTING_NAMES.filter(name => name !== 'keys'), 'stores', 'loadStrategy']
    expect(options.sort()).toEqual(expected.sort())
  })

  it('show in the README the message for an unknown setting', () => {
    const [, unknown] = /^\[cloakroom\] (NUXT_CLOAKROOM_\w+) .*$/m.exec(readme)!
    const known = SETTING_NAMES.map(envNameOf)
    expect(messageOf(() => assertKnownSettings([unknown!], known))).toMatch(/Did you mean NUXT_CLOAKROOM_\w+\?$/)
    expect(readme).toContain(`\n${messageOf(() => assertKnownSettings([unknown!], known))}\n`)
  })
})

/** The error message for a value; empty if the value is valid. */
function problem(field: string, value: string, others: Record<string, string> = {}): string {
  return messageOf(() => parseConfig({ ...others, [field]: value }))
}

function messageOf(check: () => unknown): string {
  try {
    check()
    return ''
  }
  catch (error) {
    return (error as Error).message
  }
}

function readTable(markdown: string): Setting[] {
  const rows = markdown.split('\n').filter(line => line.includes('`NUXT_CLOAKROOM_') && line.startsWith('| `'))
  return rows.map((row) => {
    const [field, variable, fallback, kind, limits] = row.split('|').slice(1, 6).map(cell => cell.trim())
    return {
      field: bare(field!),
      variable: bare(variable!),
      fallback: fallback === 'none' ? '' : bare(fallback!),
      kind: kind!,
      limits: [...limits!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!),
    }
  })
}

function bare(cell: string): string {
  return cell.replaceAll('`', '')
}
