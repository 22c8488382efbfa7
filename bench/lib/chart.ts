/** A line chart. */
interface Chart {
  readonly title: string
  readonly unit: string
  /**
   * Where the x axis has labels; it is linear then, and the points are not marked. By default it is logarithmic, with a
   * label and a mark for each point.
   */
  readonly ticks?: readonly number[]
  readonly series: readonly {
    readonly name: string
    readonly points: readonly { readonly x: number, readonly y: number }[]
  }[]
}

const [WIDTH, HEIGHT] = [640, 360]
const BOX = { left: 70, right: 480, top: 50, bottom: 310 }
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'] // Okabe and Ito: distinguishable for colour-blind readers.
const TICKS = 5

/** Returns a standalone SVG that is readable on light and on dark pages. */
export function chart({ title, unit, series, ticks: labels }: Chart): string {
  const xs = labels ?? series[0]!.points.map(({ x }) => x)
  const top = roundUp(Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y))))
  const scale = labels ? (x: number) => x : Math.log10
  const [first, last] = [scale(xs.at(0)!), scale(xs.at(-1)!)]
  const across = (x: number) => round(BOX.left + ((scale(x) - first) / (last - first)) * (BOX.right - BOX.left))
  const up = (y: number) => round(BOX.bottom - (y / top) * (BOX.bottom - BOX.top))
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => (top / TICKS) * index)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" `
    + `role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${BOX.left}" y="28" font-size="15" font-weight="bold">${title}</text>`,
    ...ticks.flatMap(tick => [
      `<line x1="${BOX.left}" x2="${BOX.right}" y1="${up(tick)}" y2="${up(tick)}" stroke="#ddd"/>`,
      `<text x="${BOX.left - 8}" y="${up(tick) + 4}" text-anchor="end">${round(tick)} ${unit}</text>`,
    ]),
    ...xs.map(
      x => `<text x="${across(x)}" y="${BOX.bottom + 20}" ` + `text-anchor="middle">${x.toLocaleString('en')}</text>`,
    ),
    ...series.flatMap(({ name, points }, index) => {
      const [colour, label] = [COLOURS[index % COLOURS.length]!, BOX.top + 10 + 20 * index]
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" `
        + `points="${points.map(({ x, y }) => `${across(x)},${up(y)}`).join(' ')}"/>`,
        ...(labels ? [] : points).map(({ x, y }) => `<circle cx="${across(x)}" cy="${up(y)}" r="3" fill="${colour}"/>`),
        `<rect x="${BOX.right + 20}" y="${label - 9}" width="12" height="10" fill="${colour}"/><text `
        + `x="${BOX.right + 38}" y="${label}">${name}</text>`,
      ]
    }),
    '</svg>',
    '',
  ].join('\n')
}

/** Puts charts below each other, in one standalone SVG. */
export function stack(title: string, charts: readonly string[]): string {
  const height = HEIGHT * charts.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    ...charts.map((svg, index) => svg.trim().replace('<svg ', `<svg y="${HEIGHT * index}" height="${HEIGHT}" `)),
    '</svg>',
    '',
  ].join('\n')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** Rounds up to 1, 2, 5 or 10 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value)!
}
