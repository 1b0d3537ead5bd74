import type { Line } from './line.js'
import type { Peak } from './rows.js'

const milliseconds = (value: number): string =>
  value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(0) : value.toPrecision(3)

const orDash = (value: number | null, written: (value: number) => string): string =>
  value === null ? '–' : written(value)

const digits = (count: number) => (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(count))

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** The cells of a line: a row that was not timed says why. */
const cellsOf = (line: Line): readonly string[] => {
  const { workload, subject, errorOverBound: error } = line
  const ratio = error === null ? '–' : typeof error === 'string' ? '∞' : error.toPrecision(2)
  if (line.outcome !== 'timed')
    return [workload, subject, ratio, `${line.outcome}: ${cell(line.reason ?? '')}`, '', '', '', '', '', '']
  return [
    workload,
    subject,
    ratio,
    orDash(line.coldMs, milliseconds),
    orDash(line.medianMs, milliseconds),
    `${orDash(line.p10Ms, milliseconds)}–${orDash(line.p90Ms, milliseconds)}`,
    orDash(line.gflops, digits(3)),
    orDash(line.gbps, digits(3)),
    orDash(line.shareOfPeak, (share) => `${(100 * share).toFixed(0)} %`),
    orDash(line.ratioToBestPeer, (value) => value.toFixed(2)),
  ]
}

const head = [
  'workload',
  'who',
  'error ÷ bound',
  'first run, ms',
  'median, ms',
  'p10–p90',
  'GFLOP/s',
  'GB/s',
  'of peak',
  'best peer ÷ it',
] as const

const isNumber = (column: number): boolean => column >= 2

/** Rows of cells as a table of Markdown, its columns straight in a terminal as well. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = heads.map((text, i) =>
    Math.max(
      3,
      text.length,
      ...rows.map((row) => (row[i + 1] === '' && row[i + 2] === '' ? 0 : (row[i] ?? '').length)),
    ),
  )
  const padded = (text: string, i: number): string =>
    isNumber(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
  const line = (row: readonly string[]): string => `| ${row.map(padded).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (isNumber(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

/** Lines as a table of Markdown. */
export const markdownTable = (lines: readonly Line[]): string => table(head, lines.map(cellsOf))

/** What an adapter can do at most, in a sentence. */
export const peakText = ({ gflops, gbps }: Peak): string =>
  `measured limits of the adapter: ${digits(3)(gflops)} GFLOP/s in registers, ${digits(3)(gbps)} GB/s copied`
