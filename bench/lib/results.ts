import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Replaces the text between `<!-- mark -->` and `<!-- /mark -->` in RESULTS.md. */
export function putBetween(mark: string, text: string): void {
  const file = join(import.meta.dirname, '../RESULTS.md')
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`]
  const before = readFileSync(file, 'utf8')
  if (!before.includes(begin) || !before.includes(end)) throw new Error(`RESULTS.md has no place for "${mark}"`)
  writeFileSync(file, `${before.split(begin)[0]}${begin}\n\n${text}\n\n${end}${before.split(end)[1]}`)
}
