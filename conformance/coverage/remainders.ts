import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Levels, Mingled } from './mingled/levels.js'
import { formsOf, inTurn, level, named } from './mingled/levels.js'
import { convolution } from './miniature/convolutions.js'
import type { Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * What vectors, blocks and tiles leave over, along several axes at once. One axis after the other meets every remainder on a
 * ladder; a kernel that takes rows by twos, terms by fours and columns by eights is wrong where two or three of them leave
 * something together. Here every triple of remainders by four or eight meets, at extents below 32; and the round sizes of
 * which examples are made: 2 rows of 100 terms into 10. The same in every run, whatever its seed.
 */

/** Extents by what they leave of `divisor`. */
const left = (divisor: number, most = 31): Levels =>
  Object.fromEntries(
    Array.from({ length: divisor }, (_, rest) => [
      String(rest),
      Array.from({ length: Math.ceil((most + 1) / divisor) }, (_, k) => rest + k * divisor).filter(
        (extent) => extent > 0 && extent <= most,
      ),
    ]),
  )

const [byFour, byEight] = [left(4), left(8)]
const short = left(4, 11)
const odd: Levels = { even: [2, 4, 6], odd: [3, 1, 5] }
const given = { name: 'b', classes: ['given', 'absent'] }

/** A covering array of such axes, every triple of them. */
const axes = (
  levels: Readonly<Record<string, Levels>>,
  form: (extents: Readonly<Record<string, number>>, turn: number, bias: boolean) => Form,
  more: Mingled['factors'] = [],
): Mingled => {
  const names = Object.keys(levels)
  return {
    factors: [...names.map((name) => named(name, levels[name] as Levels)), ...more],
    core: names.length > 2 ? names : [...names, ...more.map(({ name }) => name)].slice(0, 3),
    form: (row, turn) =>
      form(
        Object.fromEntries(names.map((name, at) => [name, level(levels[name] as Levels, row, name, turn, at)])),
        turn,
        row['b'] !== 'absent',
      ),
    cost: () => 1,
    most: 1,
  }
}

/** Whole vectors of eight, of four, of two, and what leaves one or three. */
const byVectors: Levels = {
  eights: [8, 16, 24],
  fours: [12, 20, 4, 28],
  twos: [6, 10, 14, 18, 22, 26, 2],
  one: [5, 9, 13, 17, 21, 1],
  three: [7, 11, 15, 19, 23, 31, 3],
}

const dense = axes(
  { N: byVectors, I: byVectors, O: byVectors },
  ({ N = 1, I = 1, O = 1 }, _, bias) => formOf({}, { x: [N, I], w: [O, I], ...(bias ? { b: [O] } : {}) }),
  [given],
)
/** Rows, terms and columns of which people make examples. */
const round = (): readonly Form[] =>
  [1, 2, 5, 10, 32].flatMap((N) =>
    [10, 16, 50, 64, 100, 500, 1000].flatMap((I) =>
      [1, 3, 10, 15, 100].flatMap((O) => [{ b: [O] }, {}].map((bias) => formOf({}, { x: [N, I], w: [O, I], ...bias }))),
    ),
  )

const sides: Levels = { one: [1], three: [3], others: [2, 5] }
const convolved = (op: OpName): Mingled =>
  axes({ C: byVectors, O: byVectors, W: byFour, K: sides, N: odd }, ({ C = 1, O = 1, W = 1, K = 1, N = 1 }, turn) => {
    const padding = Math.floor(K / 2)
    const sequence = op === 'conv1d'
    const width = W + (K === 2 ? 1 : 0)
    return convolution(op === 'convTranspose2d', {
      N,
      C,
      O,
      filter: sequence ? [K] : [K, K],
      padding: sequence ? [padding, padding] : [padding, padding, padding, padding],
      image: sequence ? [width] : [inTurn([3, 6, 5, 4], turn, 5), width],
      bias: turn % 2 === 0,
    })
  })
/** 1×1, whose positions are all of an image in a row. */
const images: readonly Shape[] = [
  [6, 6],
  [5, 5],
  [2, 3],
  [7, 7],
  [4, 5],
  [3, 5],
  [1, 4],
  [4, 4],
]
const pointwise = axes(
  { C: byVectors, O: byVectors, image: Object.fromEntries(images.map((_, i) => [String(i), [i]])) },
  ({ C = 1, O = 1, image = 0 }, turn) =>
    convolution(false, {
      N: inTurn([1, 2], turn, 4),
      C,
      O,
      filter: [1, 1],
      image: images[image] as Shape,
      bias: turn % 2 === 0,
    }),
)

const cell = ({ gates }: Gates): Mingled =>
  axes({ N: short, I: left(8, 23), H: left(8, 23) }, ({ N = 1, I = 1, H = 1 }) =>
    recurrence({ gates, steps: false }, [1, N, I, H]),
  )
const steps = ({ gates }: Gates): Mingled =>
  axes({ T: odd, N: short, I: left(4, 9), H: short }, ({ T = 1, N = 1, I = 1, H = 1 }) =>
    recurrence({ gates, steps: true }, [T, N, I, H]),
  )

const pools: Mingled = axes({ N: odd, C: short, W: byFour }, ({ N = 1, C = 1, W = 1 }, turn) => {
  const [k, s] = inTurn(
    [
      [3, 1],
      [2, 2],
      [3, 2],
    ] as const,
    turn,
    3,
  )
  return formOf({ window: [k, k], stride: [s, s] }, { x: [N, C, inTurn([5, 4, 6], turn, 4), s * (W - 1) + k] })
})

const rows: Mingled = axes({ before: short, length: byEight, behind: odd }, ({ before = 1, length = 1, behind = 1 }) =>
  formOf({ axis: 1 }, { x: behind === 1 ? [before, length] : [before, length, behind] }),
)

const byChannel = (op: OpName): Mingled =>
  axes({ N: odd, C: short, H: { one: [1], more: [2, 3, 5] }, W: short }, ({ N = 1, C = 1, H = 1, W = 1 }) => {
    // a channel of one number has no variance
    const x = [op === 'batchNormTraining' && N * H * W === 1 ? 2 : N, C, H, W]
    if (op === 'scaleChannels') return formOf({}, { x, s: [N, C] })
    if (op === 'globalAvgPool' || op === 'flatten') return formOf({}, { x })
    if (op === 'localResponseNorm') return formOf({ size: 3, alpha: 0.5, beta: 0.75 }, { x })
    return formOf({}, { x, gamma: [C], beta: [C], runningMean: [C], runningVar: [C] }, { runningVar: 'positive' })
  })

const byClass = (input: string, fill: Fill): Mingled => ({
  ...axes({ N: byFour, C: byEight }, () => formOf({}, {}), [{ name: 'reduction', classes: ['none', 'mean', 'sum'] }]),
  form: (row, turn) => {
    const shape = [level(byFour, row, 'N', turn), level(byEight, row, 'C', turn, 1)]
    return formOf(
      { reduction: row['reduction'] as string },
      { [input]: shape, target: shape },
      { [input]: fill, target: 'oneHot' },
    )
  },
})

const features: Mingled = axes(
  { M: left(4, 15), D: byFour, apply: { fitted: [0], others: [1] } },
  ({ M = 1, D = 1, apply = 0 }) => formOf({}, { x: [M + 4, D], ...(apply === 0 ? {} : { apply: [M, D] }) }),
)

const pieces: Mingled = axes(
  { rows: odd, a: left(4), b: left(4), c: short },
  ({ rows = 1, a = 1, b = 1, c = 1 }, turn) =>
    turn % 4 === 0
      ? formOf({ axis: 0 }, { x0: [a], x1: [b] })
      : turn % 4 === 1
        ? formOf({ axis: 1 }, { x0: [rows, a], x1: [rows, b] })
        : turn % 4 === 2
          ? formOf({ axis: 1 }, { x0: [rows, a, 3, 3], x1: [rows, b, 3, 3], x2: [rows, c, 3, 3] })
          : formOf({ axis: -1 }, { x0: [rows, c, a], x1: [rows, c, b] }),
)
const smallPieces: readonly Form[] = [
  [1, 2, 1],
  [2, 1, 5],
  [6, 9, 2],
].map(([a = 1, b = 1, c = 1]) => formOf({ axis: 1 }, { x0: [2, a, 3, 3], x1: [2, b, 3, 3], x2: [2, c, 3, 3] }))

const shaped = (): readonly Form[] =>
  (
    [
      [
        [1, 2, 3, 10],
        [1, 4, 3, 5],
      ],
      [
        [2, 3, 4, 6],
        [2, 3, 8, 3],
      ],
      [
        [3, 5, 2, 4],
        [3, 4, 2, 5],
      ],
      [
        [2, 6, 7],
        [3, 4, 7],
      ],
    ] as const
  ).map(([x, shape]) => formOf({ shape: [...shape] }, { x: [...x] }))

const table: Readonly<Partial<Record<OpName, () => Mingled>>> = {
  dense: () => dense,
  conv1d: () => convolved('conv1d'),
  conv2d: () => convolved('conv2d'),
  convTranspose2d: () => convolved('convTranspose2d'),
  rnnCell: () => cell({ gates: 1, steps: false }),
  gruCell: () => cell({ gates: 3, steps: false }),
  lstmCell: () => cell({ gates: 4, steps: false }),
  rnn: () => steps({ gates: 1, steps: true }),
  gru: () => steps({ gates: 3, steps: true }),
  lstm: () => steps({ gates: 4, steps: true }),
  maxPool2d: () => pools,
  avgPool2d: () => pools,
  softmax: () => rows,
  logSoftmax: () => rows,
  ...Object.fromEntries(
    (
      [
        'batchNormTraining',
        'batchNormInference',
        'localResponseNorm',
        'globalAvgPool',
        'scaleChannels',
        'flatten',
      ] as const
    ).map((op) => [op, () => byChannel(op)]),
  ),
  cce: () => byClass('prediction', 'probability'),
  softmaxCrossEntropy: () => byClass('logits', 'normal'),
  hinge: () => byClass('scores', 'normal'),
  minMaxNormalize: () => features,
  zScoreNormalize: () => features,
  concat: () => pieces,
}

const beside: Readonly<Partial<Record<OpName, () => readonly Form[]>>> = {
  dense: round,
  conv2d: () => formsOf(pointwise, 'pointwise'),
  concat: () => smallPieces,
  reshape: shaped,
}

const byItself: readonly OpName[] = ['mse', 'bce', 'bceWithLogits']
const numbersTogether: readonly OpName[] = ['dense', 'conv1d', 'conv2d', 'convTranspose2d']

/** Shapes of three axes and of four whose remainders meet, for what goes by element. */
const shapes = (): readonly Shape[] => [
  ...formsOf(
    axes({ a: odd, b: short, c: short }, ({ a = 1, b = 1, c = 1 }) => formOf({}, { x: [a, b, c] })),
    'three axes',
  ).map(({ shapes: { x = [] } }) => x),
  ...formsOf(
    {
      ...axes({ a: odd, b: short, c: odd, d: short }, ({ a = 1, b = 1, c = 1, d = 1 }) =>
        formOf({}, { x: [a, b, c, d] }),
      ),
      core: [],
    },
    'four axes',
  ).map(({ shapes: { x = [] } }) => x),
]

/** The cases of an op in a direction of which several axes leave something over. Of what goes by element, `alike` makes cases of a shape. */
export const remaindersOf = (
  op: OpName,
  direction: Direction,
  alike: (shape: Shape, turn: number) => readonly Form[],
): readonly Form[] => {
  const made = table[op]?.()
  const own = beside[op]?.() ?? []
  if (made === undefined)
    return own.length > 0
      ? own
      : shapes().flatMap((shape, turn) => {
          const [plain, ...others] = alike(shape, turn)
          if (plain === undefined) return []
          // of a loss that is reduced one number says little
          return [byItself.includes(op) ? { ...plain, attrs: { ...plain.attrs, reduction: 'none' } } : plain, ...others]
        })
  // what four things have to meet for is in every second such array, about; in each extents take other turns
  const arrays = [...numbersTogether, 'concat'].includes(op) ? [0, 100, 200] : [0]
  const forms = [
    ...arrays.flatMap((from) =>
      formsOf({ ...made, form: (row, turn) => made.form(row, from + turn) }, `remainders ${op} ${direction} ${from}`),
    ),
    ...own,
  ]
  return numbersTogether.includes(op) ? numbered(op, direction, forms) : forms
}
