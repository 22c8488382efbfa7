import { SCENARIOS } from '../../layers/compare/shared/compare/scenarios.ts'
import type { ShownResult } from './compare-page.ts'

const PLACES = { 'same-origin': 'same origin', 'same-site': 'other port', 'cross-site': 'other site' }
const START = '<!-- outcomes: UPDATE_DOCS=1 npx playwright test compare.spec -->'
const END = '<!-- /outcomes -->'

/** The table in the documentation: every scenario, with third-party cookies allowed and blocked. */
export function outcomeTable(allowed: ShownResult[], blocked: ShownResult[]): string {
  const rows = SCENARIOS.map(({ id, target, title, setting }) => {
    const [first, second] = [allowed, blocked].map(results => results.find(result => result.id === id)!)
    const outcome = first!.outcome === second!.outcome
      ? first!.outcome
      : `${first!.outcome}; if third-party cookies are blocked: ${second!.outcome}`
    const cookie = first!.cookie === second!.cookie ? first!.cookie : `${first!.cookie}; ${second!.cookie}`
    return `| ${PLACES[target]} | ${title} | \`${setting}\` | ${outcome} | ${first!.requests} | ${cookie} |`
  })
  const header = ['| call to | what | setting | outcome | the server saw | cookie |', '|---|---|---|---|---|---|']
  return [...header, ...rows].join('\n')
}

/** The document with `table` between its two markers. */
export function replaceTable(text: string, table: string): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`The document lacks ${START} or ${END}.`)
  return `${text.slice(0, from)}${START}\n\n${table}\n\n${text.slice(to)}`
}
