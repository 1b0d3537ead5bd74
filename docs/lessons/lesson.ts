import type { taskEither } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import type { OpName } from '../../spec/catalogue.js'
import type { EtalonError } from '../../spec/error.js'
import type { Tensor } from '../../spec/tensor.js'
import type { Dataset } from '../../training/dataset.js'

/** A lesson is a value: a question about learning, and an experiment on a backend that answers it. */
export interface Lesson {
  readonly name: string
  readonly title: string
  readonly question: string
  /** where the course, or who else, asks it */
  readonly source: string
  /** what there is to know before one looks, a paragraph each: theory, no results */
  readonly theory: readonly string[]
  /** the ops whose formulas the experiment stands on */
  readonly ops: readonly OpName[]
  /** what to try next */
  readonly next: readonly Suggestion[]
  /** false: it makes examples of its own, and reads no digits */
  readonly readsDigits?: false
  readonly run: (room: Classroom) => taskEither.TaskEither<EtalonError, Findings>
}

/** What else may be tried, and the command for it. */
export interface Suggestion {
  readonly idea: string
  readonly command: string
}

/** What a lesson is given. */
export interface Classroom {
  readonly backend: Backend
  /** digits of 28×28 */
  readonly digits: { readonly train: Dataset; readonly test: Dataset }
  readonly seed: number
  /** how much is done: 1 as taught, a small share to see that it runs */
  readonly size: number
  /** how much of the lesson is over, from 0 to 1, and what is being done */
  readonly tell: (part: number, what: string) => void
}

/**
 * What came of a lesson. Every claim in it is made of numbers that were measured: a sentence is chosen by a comparison,
 * never written beforehand.
 */
export interface Findings {
  /** what was done, in numbers: how many digits, which network, how many steps; a paragraph each */
  readonly done: readonly string[]
  /** what came out, in the order in which it is told */
  readonly sections: readonly Section[]
  /** the numbers behind it by name; finite, all of them */
  readonly figures: Readonly<Record<string, number>>
}

export type Section = Heading | Text | Table | Lines | Bars | Images

export interface Heading {
  readonly kind: 'heading'
  readonly text: string
}

export interface Text {
  readonly kind: 'text'
  readonly text: string
}

export interface Table {
  readonly kind: 'table'
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** One curve of a plot. What is not finite is left out of it. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly dashed?: boolean
  /** the name of the curve whose colour it has; else one of its own */
  readonly like?: string
}

/** How an axis is drawn. */
export interface Scale {
  readonly label: string
  readonly log?: boolean
  /** shows shares as percentages */
  readonly percent?: boolean
  /** what is shown of it, whatever the data; values outside are cut off at the edge */
  readonly from?: number
  readonly to?: number
}

export interface Lines {
  readonly kind: 'lines'
  readonly caption: string
  readonly x: Scale
  readonly y: Scale
  readonly lines: readonly Line[]
}

export interface Bars {
  readonly kind: 'bars'
  readonly caption: string
  readonly x: Scale
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}

/** A picture of numbers, [height, width]; of the colours `rgb` [3, height, width]. */
export interface Picture {
  readonly label?: string
  readonly pixels: Tensor
}

/** Pictures in rows. */
export interface Images {
  readonly kind: 'images'
  readonly caption: string
  /**
   * `ink`: low is paper, high is ink. `signed`: 0 is white, below it blue, above it red. `rgb`: shares of red, green and blue,
   * low is none
   */
  readonly colours: 'ink' | 'signed' | 'rgb'
  /** low and high for all pictures; else each picture has its own least and largest number */
  readonly range?: readonly [low: number, high: number]
  /** pixels of the screen to one of a picture */
  readonly zoom: number
  readonly rows: readonly {
    readonly label?: string
    /** another zoom for this row */
    readonly zoom?: number
    readonly pictures: readonly Picture[]
  }[]
}

export const heading = (text: string): Heading => ({ kind: 'heading', text })
export const text = (...sentences: readonly string[]): Text => ({ kind: 'text', text: sentences.join(' ') })
export const table = (
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Table => ({ kind: 'table', caption, head, rows: rows.map((row) => row.map(String)) })
export const lines = (caption: string, of: Omit<Lines, 'kind' | 'caption'>): Lines => ({
  kind: 'lines',
  caption,
  ...of,
})
export const bars = (caption: string, of: Omit<Bars, 'kind' | 'caption'>): Bars => ({ kind: 'bars', caption, ...of })
export const images = (caption: string, of: Omit<Images, 'kind' | 'caption'>): Images => ({
  kind: 'images',
  caption,
  ...of,
})

/** `97.3 %` of 0.973. */
export const percent = (share: number, places = 1): string => `${(100 * share).toFixed(places)} %`
