import type { Bars, Findings, Lesson, Lines, Section, Table } from './lesson.js'

/** Words made strong or faint. */
export interface Pen {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

/** Text in lines of at most so many columns. */
export const wrapped = (text: string, width: number): string =>
  text
    .split(' ')
    .reduce<readonly string[]>((lines, word) => {
      const last = lines.at(-1)
      return last !== undefined && last.length + 1 + word.length <= width
        ? [...lines.slice(0, -1), `${last} ${word}`]
        : [...lines, word]
    }, [])
    .join('\n')

const tableText = ({ head, rows }: Table, { strong }: Pen): string => {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((cells) => (cells[at] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [strong(line(head)), ...rows.map(line)].join('\n')
}

const levels = '▁▂▃▄▅▆▇█'

/** A curve in a line of so many columns, between the least and the largest number given. */
const spark = (values: readonly number[], columns: number, least: number, most: number): string =>
  Array.from({ length: Math.min(columns, values.length) }, (_, i) => {
    const value = values[Math.floor((i * values.length) / Math.min(columns, values.length))] ?? NaN
    const share = most > least ? (value - least) / (most - least) : 0
    return levels[Math.min(levels.length - 1, Math.max(0, Math.floor(share * levels.length)))] ?? ' '
  }).join('')

const short = (value: number | undefined): string => (value === undefined ? '' : String(Number(value.toPrecision(3))))

const linesText = ({ caption, y, lines }: Lines, { faint }: Pen): string => {
  const heights = lines.map(({ points }) =>
    points
      .map(([, value]) => Math.min(y.to ?? Infinity, Math.max(y.from ?? -Infinity, value)))
      .filter((value) => Number.isFinite(value) && (y.log !== true || value > 0)),
  )
  const scaled = (value: number): number => (y.log === true ? Math.log(value) : value)
  const all = heights.flat().map(scaled)
  const wide = Math.max(...lines.map(({ name }) => name.length))
  return [
    faint(caption),
    ...lines.map(({ name }, i) => {
      const values = heights[i] ?? []
      const curve = spark(values.map(scaled), 32, Math.min(...all), Math.max(...all))
      return `${name.padEnd(wide)}  ${curve.padEnd(32)}  ${short(values[0])} → ${short(values.at(-1))}`
    }),
  ].join('\n')
}

const barsText = ({ caption, x, bars }: Bars, { faint }: Pen): string => {
  const most = Math.max(...bars.map(({ value }) => value))
  const wide = Math.max(...bars.map(({ name }) => name.length))
  return [
    faint(caption),
    ...bars.map(({ name, value }) => {
      const length = most > 0 ? Math.round((30 * Math.max(0, value)) / most) : 0
      return `${name.padEnd(wide)}  ${'■'.repeat(length).padEnd(30)}  ${x.percent === true ? `${(100 * value).toFixed(1)} %` : short(value)}`
    }),
  ].join('\n')
}

const told = (section: Section, pen: Pen, width: number): string => {
  switch (section.kind) {
    case 'heading':
      return pen.strong(section.text)
    case 'text':
      return wrapped(section.text, width)
    case 'table':
      return [pen.faint(section.caption), tableText(section, pen)].join('\n')
    case 'lines':
      return linesText(section, pen)
    case 'bars':
      return barsText(section, pen)
    case 'images': {
      const count = section.rows.reduce((n, { pictures }) => n + pictures.length, 0)
      return pen.faint(
        `${section.caption}: ${count} ${count === 1 ? 'picture' : 'pictures'}, on the page that --out FILE.html writes`,
      )
    }
  }
}

/** A lesson in a terminal: the same as its page, but for what only a picture shows. */
export const lessonSummary = (
  { lesson, findings }: { readonly lesson: Lesson; readonly findings: Findings },
  pen: Pen,
  width = 100,
): string =>
  [
    pen.strong(lesson.title),
    wrapped(lesson.question, width),
    ...findings.done.map((paragraph) => wrapped(paragraph, width)),
    ...findings.sections.map((section) => told(section, pen, width)),
    'Try next',
    ...lesson.next.map(({ idea, command }) => `${wrapped(idea, width)}\n  ${command}`),
  ]
    .join('\n\n')
    .concat('\n')
