import type { Target } from '../../shared/compare/origins'
import type { Result } from './result'
import type { TargetSummary } from './summary'
import { OUTCOME_NAMES, TARGET_NAMES, explain, formatMs, cookieText } from './texts'

/** A whole run, as it is exported. */
export interface Report {
  takenAt: string
  browser: string
  page: string
  origins: Record<Target, string>
  delayMs: number
  summary: TargetSummary[]
  results: Result[]
}

/** Returns the run with all measurements and explanations. */
export function toJson(report: Report): string {
  const results = report.results.map(result => ({ ...result, ...explain(result) }))
  return `${JSON.stringify({ ...report, results }, null, 2)}\n`
}

/** Returns the run as a document: the summary, then a table with one row per scenario. */
export function toMarkdown({ takenAt, browser, page, delayMs, summary, results }: Report): string {
  return [
    '# One origin or two',
    '',
    `Measured on ${takenAt} by ${page}, with ${delayMs} ms added to each answer, in ${browser}.`,
    '',
    ...table(
      ['The right way', 'requests', 'bytes', 'time (median)', 'requests over one origin', 'time over one origin'],
      summary.map(row => [
        TARGET_NAMES[row.target],
        row.typical ? String(row.typical.seen.length) : '–',
        row.typical ? String(row.typical.bytes) : '–',
        row.typical ? formatMs(row.typical.totalMs) : 'does not work',
        ratio(row.requestRatio),
        ratio(row.timeRatio),
      ]),
    ),
    '',
    ...table(
      ['Where', 'What', 'Setting', 'Outcome', 'Requests the server saw', 'Cookie', 'Time', 'Why', 'What to do'],
      results.map((result) => {
        const {
          scenario: { target, title, setting },
          outcome,
          seen,
          cookie,
          totalMs,
        } = result
        const { why, advice } = explain(result)
        return [
          TARGET_NAMES[target],
          title,
          `\`${setting}\``,
          OUTCOME_NAMES[outcome],
          methods(seen),
          cookieText(cookie),
          formatMs(totalMs),
          why,
          advice,
        ]
      }),
    ),
    '',
  ].join('\n')
}

/** Returns the methods of requests in their order, including preflights. */
export function methods(requests: { method: string }[]): string {
  return requests.map(({ method }) => method).join(', ') || 'none'
}

/** Formats a ratio. Returns a dash if there is nothing to compare. */
export function ratio(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value < 10 ? 2 : 1)}×`
}

function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
