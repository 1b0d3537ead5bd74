import pc from 'picocolors'
import type { Ink } from '../conformance/text.js'
import { plain } from '../conformance/text.js'

/** A stream that text goes to: standard output or error, or a list of strings in a test. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  /** how it is written on, where that is settled: by the other end of a wire, say */
  readonly ink?: Ink
}

const colours = pc.createColors(true)

/** The ink of a terminal. */
export const coloured: Ink = {
  good: colours.green,
  bad: colours.red,
  faint: colours.dim,
  strong: colours.bold,
}

/** Ink for a stream: colours on a terminal, none elsewhere or under NO_COLOR. */
export const inkFor = (stream: Screen): Ink =>
  stream.ink ?? (stream.isTTY === true && pc.isColorSupported ? coloured : plain)

/** A line that is rewritten while work goes on. */
export interface Status {
  readonly show: (text: string) => void
  readonly clear: () => void
}

/** Progress on a terminal; nothing where the stream is none. */
export const statusLine = (stream: Screen = process.stderr): Status => ({
  show: (text) => {
    if (stream.isTTY === true) stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`)
  },
  clear: () => {
    if (stream.isTTY === true) stream.write('\r\u001b[2K')
  },
})

/** How much of some work is over, from 0 to 1, on a line. */
export const bar = (part: number): string => `[${'='.repeat(Math.floor(20 * part)).padEnd(20)}]`

/** What went wrong, in a sentence, where people look for it. */
export const complainTo =
  (stream: Screen) =>
  (text: string): void => {
    stream.write(`etalon: ${text}\n`)
  }
