import type { Row } from './time.js'
import { figuresOf } from './time.js'

const milliseconds = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0))

const head = [
  'workload'.padEnd(38),
  'who'.padEnd(10),
  'error ÷ bound'.padStart(13),
  'first run'.padStart(10),
  'median ms'.padStart(10),
  'quartiles'.padStart(15),
  'runs'.padStart(9),
  'M mul-adds/s'.padStart(13),
  'GFLOP/s'.padStart(8),
].join(' ')

const line = (row: Row): string => {
  const figures = figuresOf(row)
  const who = `${row.workload.padEnd(38)} ${row.name.padEnd(10)}`
  const ratio = (row.ratio === undefined ? '–' : row.ratio.toPrecision(3)).padStart(13)
  if (figures === undefined) return `${who} ${ratio}  no figure: ${row.reason ?? 'no sample was taken'}`
  const [lower, upper] = figures.quartiles
  return [
    who,
    ratio,
    milliseconds(row.warmUp[0] ?? NaN).padStart(10),
    milliseconds(figures.median).padStart(10),
    `${milliseconds(lower)}–${milliseconds(upper)}`.padStart(15),
    `${row.samples.length}×${row.runs}`.padStart(9),
    (figures.multiplyAddsPerSecond?.toFixed(0) ?? '–').padStart(13),
    (figures.gigaflops?.toPrecision(3) ?? '–').padStart(8),
  ].join(' ')
}

/** Rows as a table for people: a row that was not timed says why. */
export const printRows = (rows: readonly Row[]): string => [head, ...rows.map(line)].join('\n')

/** A row as a value for a line of JSON. */
export const jsonRow = (row: Row): Readonly<Record<string, unknown>> => ({
  ...row,
  ...(row.ratio === undefined || Number.isFinite(row.ratio) ? {} : { ratio: String(row.ratio) }),
  ...(figuresOf(row) ?? {}),
})
