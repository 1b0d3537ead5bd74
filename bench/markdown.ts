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
    return [workload, subject, ratio, `${line.outcome}: ${cell(line.reason ?? '')}`, '', '', '', '', '', '', '']
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
    orDash(line.memoryBytes, (bytes) => digits(3)(bytes / 1e6)),
    orDash(line.ratioToBestPeer, (value) => value.toFixed(2)),
  ]
}

/** The columns of a table of rows. */
export const head = [
  'workload',
  'who',
  'error ÷ bound',
  'first run, ms',
  'median, ms',
  'p10–p90',
  'GFLOP/s',
  'GB/s',
  'of peak',
  'memory, MB',
  'best other ÷ it',
] as const

// so wide is what nearly every row has, so that a table can be written as its rows come
const usualWidths = [26, 13, 13, 13, 10, 13, 8, 6, 8, 10, 14] as const

const lineWith =
  (widths: readonly number[], from: number) =>
  (row: readonly string[]): string =>
    `| ${row.map((text, i) => (i >= from ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join(' | ')} |`

const ruleWith = (widths: readonly number[], from: number): string =>
  `| ${widths.map((width, i) => (i >= from ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`

/** Rows of cells as a table of Markdown whose columns are straight in a terminal as well; those behind the second are numbers. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = heads.map((text, i) => Math.max(3, text.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = lineWith(widths, 2)
  return [line(heads), ruleWith(widths, 2), ...rows.map(line)].join('\n')
}

/** The head of the table of lines. */
export const markdownHead = (): string => [lineWith(usualWidths, 2)(head), ruleWith(usualWidths, 2)].join('\n')

/** A line's row of that table. */
export const markdownRow = (line: Line): string =>
  line.outcome === 'timed'
    ? lineWith(usualWidths, 2)(cellsOf(line))
    : `${lineWith(usualWidths, 2)(cellsOf(line).slice(0, 3)).slice(0, -2)} | ${cellsOf(line)[3]} | | | | | | | |`

/** Lines as a table of Markdown. */
export const markdownTable = (lines: readonly Line[]): string => [markdownHead(), ...lines.map(markdownRow)].join('\n')

/** What an adapter can do at most, in a sentence. */
export const peakText = ({ gflops, gbps }: Peak): string =>
  `measured limits of the adapter: ${digits(3)(gflops)} GFLOP/s in registers, ${digits(3)(gbps)} GB/s copied`
