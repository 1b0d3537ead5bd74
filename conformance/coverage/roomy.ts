import type { OpName } from '../../spec/catalogue.js'
import type { Form } from '../form.js'
import { acceptable } from '../form.js'
import type { Row } from './covering.js'
import { covering } from './covering.js'
import { besides } from './fours.js'
import type { Drawn, Subject } from './subject.js'

/**
 * Whatever can be asked of an op, asked of layers large enough for any kernel. Rows of classes draw short axes, and ladders have
 * everything given and wanted: so a kernel of tiles or vectors would seldom make one gradient alone, take an absent cotangent
 * for zeros, or meet an attribute that is not its default. Here each of those classes is asked with all else plain at extents
 * that are whole tiles or vectors, and among others at extents that are multiples of nothing.
 */

/** Whole tiles, multiples of nothing, and, where few rows have kernels of their own, whole vectors of few rows. */
type Extents = readonly [even: Drawn, odd: Drawn, ...few: Drawn[]]

const products: Extents = [
  { N: 64, I: 48, O: 64 },
  { N: 67, I: 35, O: 33 },
]
const convolutions: Extents = [
  { N: 2, Cg: 32, Og: 36, down: 4, across: 8 },
  { N: 3, Cg: 33, Og: 35, down: 5, across: 7 },
]
const recurrent: Extents = [
  { T: 2, N: 32, I: 20, H: 32 },
  { T: 2, N: 33, I: 19, H: 35 },
  { T: 2, N: 8, I: 8, H: 16 },
  { T: 2, N: 4, I: 8, H: 8 },
]
const planes: Extents = [
  { N: 4, C: 8, d0: 8, d1: 8, H: 8, W: 8 },
  { N: 3, C: 7, d0: 9, d1: 11, H: 9, W: 11 },
]
const classes: Extents = [
  { N: 32, C: 36 },
  { N: 33, C: 35 },
]
const normalized: Extents = [
  { N: 32, M: 8, D: 36 },
  { N: 33, M: 7, D: 35 },
]
const elements: Extents = [
  { d0: 36, d1: 40 },
  { d0: 35, d1: 41 },
]

/** The extents of an op's axes; of those that are not named, `elements`. */
const extents: Readonly<Partial<Record<OpName, Extents>>> = {
  dense: products,
  maxout: [
    { N: 36, I: 32, O: 32, K: 2 },
    { N: 35, I: 33, O: 33, K: 3 },
  ],
  conv1d: [
    { N: 2, Cg: 32, Og: 36, across: 40 },
    { N: 3, Cg: 33, Og: 35, across: 33 },
  ],
  conv2d: convolutions,
  convTranspose2d: convolutions,
  rnnCell: recurrent,
  rnn: recurrent,
  gruCell: recurrent,
  gru: recurrent,
  lstmCell: recurrent,
  lstm: recurrent,
  batchNormTraining: planes,
  batchNormInference: planes,
  localResponseNorm: planes,
  scaleChannels: planes,
  cce: classes,
  softmaxCrossEntropy: classes,
  hinge: classes,
  minMaxNormalize: normalized,
  zScoreNormalize: normalized,
}

/** What makes a layer's shape, and not what is asked of it. */
const ofShape: Readonly<Record<string, string | undefined>> = {
  rank: '2',
  axes: '2',
  filter: '3',
  axis: undefined,
  shape: undefined,
  inputs: undefined,
  extents: undefined,
  stride: undefined,
  dilation: undefined,
  padding: undefined,
  groups: undefined,
  remainder: undefined,
  outputPadding: undefined,
}

/** Every class of what may be asked of an op, at extents of both kinds. */
export const classesInRoom = (
  op: OpName,
  { factors, possible, few, form }: Subject,
  plain: (fixed: Row) => Row,
): readonly Form[] => {
  // every triple of their classes is met, and each in fours
  if (op === 'maxPool2d' || op === 'avgPool2d') return []
  const asked = factors.filter(({ name }) => !(name in ofShape) && name !== 'numbers' && !name.startsWith('data of '))
  const shaped = Object.fromEntries(
    factors.flatMap(({ name, classes }) => {
      const choice = ofShape[name]
      return choice !== undefined && classes.includes(choice) ? [[name, choice]] : []
    }),
  )
  if (asked.length === 0) return []
  const fixed = (row: Row): Row => plain({ ...shaped, ...row })
  const alone = [{}, ...asked.flatMap(({ name, classes }) => classes.slice(1).map((choice) => ({ [name]: choice })))]
  const together = covering(asked, { possible, seed: `${op} in room`, strength: 1 }).rows
  const [even, odd, ...fewRows] = extents[op] ?? elements
  return [
    ...alone.map((row) => [even, row] as const),
    ...together.map((row) => [odd, row] as const),
    ...fewRows.flatMap((long) => alone.map((row) => [long, row] as const)),
  ]
    .map(([long, row]) => [long, fixed(row)] as const)
    .filter(([, row]) => possible(row))
    .map(([long, row]) => form(row, besides(few, long)))
    .filter((one) => acceptable(op, one))
}
