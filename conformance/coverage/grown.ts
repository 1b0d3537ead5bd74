import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Row } from './covering.js'
import { measure } from './extents.js'
import type { Attrs } from './miniature/forms.js'
import { formOf, numbered } from './miniature/forms.js'
import type { Drawn, Subject } from './subject.js'

/**
 * Classes at lengths. Rows of classes draw short axes, and a ladder takes the row that lets it climb: so of an attribute that is
 * not its default, of ties, and of numbers far from 0 few would ever meet a long axis. Here every pair of classes is asked of an
 * axis of some dozens, hundreds or a thousand numbers, and half of them of one of more than 65,536. The same in every run,
 * whatever its seed.
 */

// what a workgroup, some, and 16 bits do not hold
const lengths = [67, 259, 1031] as const
const longest = 65_537
const most = { elements: 140_000, multiplyAdds: 2e6 } as const

const isAxis = (one: Subject, name: string): boolean => one.ladder[name] !== undefined || /^d\d$/.test(name)

const fits = (op: OpName, form: Form, length: number): boolean => {
  const measured = measure(op, form)
  return (
    E.isRight(measured) &&
    measured.right.elements >= length &&
    measured.right.elements <= most.elements &&
    measured.right.multiplyAdds <= most.multiplyAdds
  )
}

/** A row of classes with one axis so long, the first of those that let it be; the others short, or of 1 where they must. */
const longAt = (op: OpName, one: Subject, row: Row, few: Drawn, turn: number, length: number): readonly Form[] => {
  const letters = Object.keys(one.ladder).filter((letter) => (one.ladder[letter] ?? 0) >= length)
  const thin = Object.fromEntries(Object.entries(few).map(([name, extent]) => [name, isAxis(one, name) ? 1 : extent]))
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[(turn + i) % letters.length] as string
    for (const others of [few, thin]) {
      const form = one.form(row, { ...others, [letter]: length })
      if (fits(op, form, length)) return [form]
    }
  }
  return []
}

// numbers without which many an attribute says nothing: a row in two has the longest axis, and each of these
const telling = ['ties', 'far from 0', 'alike']
const tells = (row: Row): boolean => Object.values(row).some((choice) => telling.includes(choice))

/** Shares that are kept of which one in some hundreds is dropped, of enough numbers. */
const nearlyAll: readonly Form[] = [0.997, 0.9985].flatMap((keep) =>
  [259, 1031].map((length) => formOf({ keep, key: [7, 9] }, { x: [length] })),
)

/** Maps or steps of one row each, stacked before long runs. */
const stacked: readonly Form[] = [
  [3, 0, [1, 1031]],
  [4, 1, [2, 1, 1031]],
  [3, -2, [2, 1, 259]],
  [5, 1, [1, 1, 1031]],
  [3, 2, [1, 2, 1, 1031]],
].map(([count, axis, shape]) =>
  formOf(
    { axis: axis as number },
    Object.fromEntries(Array.from({ length: count as number }, (_, i) => [`x${i}`, shape as Shape])),
  ),
)

/** So far from 0 that squares have no digits left of what lies apart, in sums too long for their roundings to hide it. */
const farFrom0: Fill = { mean: 3e4, scale: 1 }
const channels = { gamma: [3], beta: [3], runningMean: [3], runningVar: [3] }

/** What belongs to an op alone. */
const besides: Readonly<Partial<Record<OpName, readonly Form[]>>> = {
  dropout: nearlyAll,
  concat: stacked,
  batchNormTraining: [
    [1031, 3],
    [4, 3, 259],
    [3, 3, 23, 17],
  ].map((x) => formOf({}, { x, ...channels }, { x: farFrom0 })),
  zScoreNormalize: [
    [1031, 3],
    [259, 2],
  ].map((x) => formOf({}, { x }, { x: farFrom0 })),
}

/** Filters as large as the image, of many samples; and one map of one channel under many taps. */
const alone: Readonly<Partial<Record<OpName, readonly (readonly [Attrs, Form['shapes']])[]>>> = {
  conv1d: [
    [{ padding: [1, 1] }, { x: [33, 1, 3], w: [1, 1, 3] }],
    [{ padding: [1, 0] }, { x: [65, 2, 3], w: [3, 2, 3] }],
    [{}, { x: [2, 1, 12], w: [1, 1, 9] }],
  ],
  conv2d: [
    [{ padding: [1, 1, 1, 1] }, { x: [33, 1, 2, 2], w: [1, 1, 2, 2] }],
    [{ padding: [1, 0, 1, 1] }, { x: [65, 2, 3, 3], w: [3, 2, 3, 3] }],
    [{}, { x: [2, 1, 9, 9], w: [1, 1, 9, 9] }],
    [{ padding: [1, 1, 1, 1] }, { x: [3, 1, 12, 11], w: [1, 1, 10, 9] }],
  ],
  convTranspose2d: [
    [{ padding: [1, 1, 1, 1] }, { x: [33, 1, 3, 3], w: [1, 1, 3, 3] }],
    [{}, { x: [65, 2, 2, 2], w: [2, 3, 2, 2] }],
    [{}, { x: [2, 1, 3, 3], w: [1, 1, 9, 9] }],
  ],
}

/** The cases of an op in a direction whose classes, by rows that meet every pair of them, meet long axes. */
export const grownOf = (
  op: OpName,
  direction: Direction,
  one: Subject,
  rows: () => readonly Row[],
): readonly Form[] => {
  const own = alone[op]
  if (own !== undefined)
    return numbered(
      op,
      direction,
      own.map(([attrs, shapes]) => formOf(attrs, shapes)),
    )
  // sequences are long in themselves; a cell of more than 65,536 samples takes what all others take together
  if (one.ladder['T'] !== undefined) return []
  const isGrown = one.ladder['H'] === undefined || one.ladder['I'] === undefined
  const drawn = fc.sample(fc.record(one.few), { seed: 1, numRuns: rows().length })
  return [
    ...rows().flatMap((row, turn) => {
      // odd in number every other time
      const few = Object.fromEntries(
        Object.entries(drawn[turn] as Drawn).map(([name, extent]) => [
          name,
          isAxis(one, name) && turn % 2 === 1 ? 2 * extent - 1 : extent,
        ]),
      )
      const here = lengths[turn % lengths.length] as number
      return [here, ...(isGrown && (turn % 2 === 0 || tells(row)) ? [longest] : [])].flatMap((length) =>
        longAt(op, one, row, few, turn, length),
      )
    }),
    ...(besides[op] ?? []),
  ]
}
