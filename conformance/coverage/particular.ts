import { either as E } from 'fp-ts'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames, gradientNames } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { acceptable } from '../form.js'
import { formOf, numbered } from './miniature/forms.js'
import { inNumbers, weighted } from './sums.js'

/**
 * What classes name in round numbers or one at a time: attributes with all the digits that f32 has, every set of answers that may
 * be asked for and of cotangents that may be given, many long rows at once, and numbers of channels that people use, each over a
 * large image. The same in every run, whatever its seed.
 */

// ---- attributes ----------------------------------------------------------------------------------------------------

// no two of their digits are all there is to them
const manyDigits = [0.0012345678, 0.12345679, 0.87654321, 1.2345679]

/** Each attribute that is a real number, at numbers of many digits. */
const unrounded = (op: OpName, small: Form): readonly Form[] =>
  Object.entries(opOf(op).attrs.fields).flatMap(([name, { decode, words }]) =>
    words === true || E.isLeft(decode(manyDigits[1]))
      ? []
      : manyDigits
          .filter((value) => E.isRight(decode(value)))
          .map((value): Form => ({ ...small, attrs: { ...small.attrs, [name]: value } })),
  )

// ---- what is asked for and given -----------------------------------------------------------------------------------

/** Every set of some names but that of none. */
const setsOf = (names: readonly string[]): readonly (readonly string[])[] =>
  names.reduce<readonly (readonly string[])[]>(
    (sets, name) => [...sets, ...sets.map((set) => [...set, name]), [name]],
    [],
  )

// of more there are too many sets
const mostNames = 4

/** Every set of cotangents given, for all gradients and for each alone; every set of answers. */
const inSets = (op: OpName, direction: Direction, small: Form): readonly Form[] => {
  const answers = direction === 'forward' ? Object.keys(opOf(op).outputs) : gradientNames(opOf(op), small.shapes)
  const sets = answers.length > mostNames ? answers.map((name) => [name]) : setsOf(answers)
  const wanted = answers.length < 2 ? [] : sets.map((set): Form => ({ ...small, wanted: set }))
  const cotangents = cotangentNames(opOf(op))
  if (direction === 'forward' || cotangents.length < 2) return wanted
  return [
    ...wanted,
    ...setsOf(cotangents).flatMap((given): readonly Form[] => [
      { ...small, given },
      ...answers.map((name): Form => ({ ...small, given, wanted: [name] })),
    ]),
  ]
}

// ---- rows and maps -------------------------------------------------------------------------------------------------

// so many that they are made by vectors; of each some have what is far above the rest past the 1,024th
const longRows = [
  [256, 1028],
  [260, 1540],
  [300, 1031],
] as const

const peaksIn = ([N, C]: readonly [number, number]): Fill => ({
  only: Array.from({ length: N }, (_, row) => [row * C + C - 1 - (row % 40), 100] as const),
})

/** Many rows of many classes, the largest of each late in it. */
const manyRows = (op: OpName): readonly Form[] =>
  longRows.map((shape) =>
    op === 'softmaxCrossEntropy'
      ? formOf({}, { logits: shape, target: shape }, { logits: peaksIn(shape), target: { only: [[0, 1], [shape[1], 1]] } }) // prettier-ignore
      : formOf({}, { x: shape }, { x: peaksIn(shape) }),
  )

/** Terms that are four more than a multiple of 64, in whole vectors. */
const fourMore = (op: OpName, direction: Direction): readonly Form[] =>
  numbered(
    op,
    direction,
    [68, 132, 196, 324].flatMap((I) =>
      [
        [8, 16],
        [1, 40],
        [33, 64],
      ].map(([N = 1, O = 1]) => formOf({}, { x: [N, I], w: [O, I] })),
    ),
  )

// of 1×1 filters over a map of more than 32,768 places, which tiles are cut for by their channels
const channels = [48, 64, 96, 128, 192]

const overLargeMaps = (op: OpName, direction: Direction): readonly Form[] =>
  channels.map((C) =>
    inNumbers(op, direction, weighted, 'integers', formOf({}, { x: [1, C, 129, 256], w: [2, C, 1, 1] })),
  )

/** A weight of which a step leaves nothing by itself, as rate times decay is 1. */
const leavingNothing = (op: OpName, small: Form): readonly Form[] =>
  ['learningRate', 'weightDecay'].every((name) => name in opOf(op).attrs.fields)
    ? [{ ...small, attrs: { ...small.attrs, learningRate: 0.5, weightDecay: 2 } }]
    : []

/** Axes of one place that go, that come, and that go where another comes: in front, behind and between. */
const axesOfOne = (op: OpName): readonly Form[] => {
  const plain: readonly Shape[] = [[4], [5], [3, 4], [2, 5], [2, 3, 4]]
  const withOnes = (shape: Shape): readonly Shape[] =>
    Array.from({ length: shape.length + 1 }, (_, at) =>
      [1, 2, 3].map((n) => shape.toSpliced(at, 0, ...Array.from({ length: n }, () => 1))),
    ) // prettier-ignore
      .flat()
      .filter(({ length }) => length <= 4)
  const all = plain.flatMap((shape) => {
    const others = withOnes(shape)
    const after = (one: Shape, by: number): Shape => others[(others.indexOf(one) + by) % others.length] as Shape
    const turns = others.flatMap((one) => [[one, after(one, 1)] as const, [after(one, 1), one] as const, [one, after(one, 3)] as const]) // prettier-ignore
    return [...others.flatMap((one) => [[one, shape] as const, [shape, one] as const]), ...turns]
  })
  if (op === 'reshape') return all.map(([x, shape]) => formOf({ shape: [...shape] }, { x }))
  const images = [...new Set(all.flat())].filter(({ length }) => length === 4)
  return op === 'flatten' ? images.map((x) => formOf({}, { x })) : []
}

// ---- thin images, and numbers that a floor would hide ---------------------------------------------------------------------

// of a column, of a row, of two
const thin = [
  [5, 1],
  [1, 5],
  [9, 2],
  [2, 9],
] as const

const all = (n: number): readonly number[] => [n, n, n, n]
const both = (n: number): readonly number[] => [n, n]

// windows as people use them, that go past both sides of a thin image
const windowsOver: readonly (readonly [side: number, attrs: Form['attrs']])[] = [
  [3, { padding: all(1) }],
  [3, { padding: all(1), stride: both(2) }],
  [5, { padding: all(2) }],
  [2, { padding: [0, 1, 0, 1] }],
  [3, { padding: all(2), dilation: both(2) }],
]

/** Windows over images of one column or two, and of one row or two, for layers of each number of groups. */
const overThinImages = (op: OpName, direction: Direction): readonly Form[] =>
  windowsOver.flatMap(([side, { dilation, ...attrs }]): readonly Form[] => {
    const maps = thin.map(([H, W]): Shape => [2, 4, H, W])
    if (op === 'maxPool2d' || op === 'avgPool2d')
      return dilation === undefined && side > 2 && side < 5
        ? maps.map((x) => formOf({ stride: both(1), ...attrs, window: both(side) }, { x }))
        : []
    const dilated = { ...attrs, ...(dilation === undefined ? {} : { dilation }) }
    const forms =
      op === 'convTranspose2d'
        ? maps.map((x) => formOf(attrs, { x, w: [4, 3, side, side] }))
        : [1, 2, 4].flatMap((groups) =>
            maps.map((x) => formOf({ ...dilated, groups }, { x, w: [4, 4 / groups, side, side] })),
          )
    return numbered(op, direction, forms)
  })

const tiny: Fill = { values: [1e-8, -3e-9, 2e-8, 5e-9, -1e-8, 4e-9] }

/** Local norms of tiny numbers with nothing added, so that whatever is held above some least number shows. */
const withNothingAdded: readonly Form[] = [1, 3].flatMap((size) =>
  [0.5, 0.75, 1].map((beta) => formOf({ size, alpha: 1, beta, k: 0 }, { x: [1, 3, 2] }, { x: tiny })),
)

/** Steps by gradients so small that their means' squares are below what some add to be safe. */
const belowFloors = (op: OpName, small: Form): readonly Form[] => {
  const squares = ['meanSquare', 'accumulator', 'v'].filter((name) => name in small.shapes)
  if (!('epsilon' in opOf(op).attrs.fields) || squares.length === 0 || !('g' in small.shapes)) return []
  const fills = {
    ...small.fills,
    g: { constant: 3e-11 },
    ...('m' in small.shapes ? { m: { constant: 1e-11 } } : {}),
    ...Object.fromEntries(squares.map((name) => [name, { constant: 1e-21 }])),
  }
  return [0, 1e-16].map((epsilon): Form => ({ ...small, attrs: { ...small.attrs, epsilon }, fills }))
}

/** The particular cases of an op in a direction, of a small case of it. */
export const particularOf = (op: OpName, direction: Direction, small: Form): readonly Form[] =>
  [
    ...unrounded(op, small),
    ...inSets(op, direction, small),
    ...(['softmax', 'logSoftmax', 'softmaxCrossEntropy'].includes(op) ? manyRows(op) : []),
    ...(op === 'dense' ? fourMore(op, direction) : []),
    ...(op === 'conv2d' ? overLargeMaps(op, direction) : []),
    ...leavingNothing(op, small),
    ...axesOfOne(op),
    ...(['conv2d', 'convTranspose2d', 'maxPool2d', 'avgPool2d'].includes(op) ? overThinImages(op, direction) : []),
    ...(op === 'localResponseNorm' ? withNothingAdded : []),
    ...(direction === 'forward' ? belowFloors(op, small) : []),
  ].filter((form) => acceptable(op, form))
