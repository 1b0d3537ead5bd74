import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Row } from './covering.js'
import type { Levels, Mingled } from './mingled/levels.js'
import { formsOf, inTurn, level, named } from './mingled/levels.js'
import type { Layer } from './miniature/convolutions.js'
import { around, convolution, square } from './miniature/convolutions.js'
import type { Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * Layers as large as people train them. What mingles elsewhere stays small, so that two axes are long beside a short one: a
 * batch of 16 through 64 maps of 14 × 14, or of 64 through a thousand inputs into a thousand units, is none of them, though
 * hardly anything is asked more often. Kernels that split long sums, fill a device with tiles or count their workgroups by
 * two numbers are chosen there and only there. Every triple of levels, or every pair where there are many, as far as a
 * software adapter answers in some tenths of a second. The same in every run, whatever its seed.
 */

const batches: Levels = { few: [2, 4, 3, 6], batch: [16, 8, 12, 20, 9], large: [32, 64, 33, 50] }

// ---- products and recurrent nets ---------------------------------------------------------------------------------

const ofInputs: Levels = { many: [256, 200, 300, 288], long: [784, 1024, 800, 1025], deep: [2048, 2100, 3136] }
const ofOutputs: Levels = { tens: [64, 84, 120, 40], many: [256, 200, 300, 384], long: [1000, 1024, 784, 1100] }
const ofSamples: Levels = { batch: [32, 16, 24, 33], large: [64, 128, 100, 72] }
const dense: Mingled = {
  factors: [
    named('N', ofSamples),
    named('I', ofInputs),
    named('O', ofOutputs),
    { name: 'b', classes: ['given', 'absent'] },
  ],
  core: ['N', 'I', 'O', 'b'],
  form: (row, turn) => {
    const [N, I, O] = [
      level(ofSamples, row, 'N', turn),
      level(ofInputs, row, 'I', turn, 1),
      level(ofOutputs, row, 'O', turn, 2),
    ]
    return formOf({}, { x: [N, I], w: [O, I], ...(row['b'] === 'absent' ? {} : { b: [O] }) })
  },
  cost: ({ shapes: { x = [], w = [] } }) => sizeOf(x) * (w[0] as number),
  most: 8e7,
}

const maxout = (): readonly Form[] =>
  (
    [
      [32, 64, 72, 2],
      [20, 130, 48, 4],
      [64, 33, 40, 3],
    ] as const
  ).map(([N, I, O, K]) => formOf({}, { x: [N, I], w: [K, O, I], b: [K, O] }))

const cells = ({ gates }: Gates): readonly Form[] =>
  (
    [
      [16, 64, 64],
      [32, 28, 64],
      [20, 100, 50],
      [64, 33, 32],
    ] as const
  ).map(([N, I, H]) => recurrence({ gates, steps: false }, [1, N, I, H]))

const sequences = ({ gates }: Gates): readonly Form[] =>
  (
    [
      [5, 16, 28, 32],
      [12, 8, 16, 20],
      [4, 32, 20, 24],
    ] as const
  ).map(([T, N, I, H]) => recurrence({ gates, steps: true }, [T, N, I, H]))

// ---- convolutions and windows ------------------------------------------------------------------------------------

type Window = Pick<Layer, 'filter' | 'stride' | 'dilation' | 'padding' | 'outputPadding'>

/** A window, and over how many channels: all of them, those of a group, or one. */
interface Kind extends Window {
  readonly groups?: readonly number[]
  readonly each?: boolean
}

const ofImages: Readonly<Record<string, readonly Kind[]>> = {
  '1×1': [{ filter: square(1) }],
  '1×1 by 2': [{ filter: square(1), stride: square(2) }],
  '3×3': [{ filter: square(3), padding: around(1) }],
  '3×3 by 2': [{ filter: square(3), stride: square(2), padding: around(1) }],
  dilated: [{ filter: square(3), dilation: square(2), padding: around(2) }],
  wider: [
    { filter: square(5), padding: around(2) },
    { filter: square(7), stride: square(2), padding: around(3) },
    { filter: square(4), stride: square(2), padding: around(1) },
    { filter: [1, 7], padding: [0, 0, 3, 3] },
  ],
  groups: [{ filter: square(3), padding: around(1), groups: [2, 4, 8] }],
  each: [
    { filter: square(3), padding: around(1), each: true },
    { filter: square(3), stride: square(2), padding: around(1), each: true },
    { filter: square(5), padding: around(2), each: true },
  ],
}
const ofSequences: Readonly<Record<string, readonly Kind[]>> = {
  '1': [{ filter: [1] }],
  '3': [
    { filter: [3], padding: [1, 1] },
    { filter: [3], stride: [2], padding: [1, 1] },
  ],
  dilated: [{ filter: [3], dilation: [4], padding: [8, 0] }],
  wider: [
    { filter: [9], padding: [4, 4] },
    { filter: [5], stride: [2], padding: [2, 2] },
  ],
  groups: [{ filter: [3], padding: [1, 1], groups: [2, 4, 8] }],
  each: [
    { filter: [3], padding: [1, 1], each: true },
    { filter: [7], padding: [3, 3], each: true },
  ],
}
const ofUps: Readonly<Record<string, readonly Kind[]>> = {
  '2×2 by 2': [{ filter: square(2), stride: square(2) }],
  '4×4 by 2': [{ filter: square(4), stride: square(2), padding: around(1) }],
  '3×3 by 2': [{ filter: square(3), stride: square(2), padding: around(1), outputPadding: [1, 1] }],
  '3×3': [{ filter: square(3), padding: around(1) }],
  groups: [{ filter: square(4), stride: square(2), padding: around(1), groups: [2, 4] }],
  each: [{ filter: square(3), stride: square(2), padding: around(1), each: true }],
}

/** Channels and filters. */
const depths: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  stem: [
    [3, 32],
    [1, 16],
    [3, 64],
    [4, 24],
  ],
  tens: [
    [16, 32],
    [32, 32],
    [24, 16],
    [32, 16],
  ],
  many: [
    [64, 64],
    [48, 96],
    [64, 128],
    [96, 40],
  ],
  deep: [
    [128, 128],
    [256, 64],
    [160, 96],
    [128, 256],
  ],
}

const planes: Readonly<Record<string, readonly Shape[]>> = {
  small: [
    [7, 7],
    [8, 8],
    [6, 9],
  ],
  middle: [
    [14, 14],
    [16, 16],
    [13, 15],
  ],
  large: [
    [28, 28],
    [32, 32],
    [27, 30],
  ],
}
const lengths: Readonly<Record<string, readonly Shape[]>> = {
  middle: [[32], [50], [64]],
  large: [[128], [200], [257]],
}

const multipleOf = (groups: number, extent: number): number => groups * Math.ceil(extent / groups)

// an element is drawn, sent, read and judged in the time of so many multiply-adds
const perElement = 100

const convolutions = (
  transposed: boolean,
  kinds: Readonly<Record<string, readonly Kind[]>>,
  images: Readonly<Record<string, readonly Shape[]>>,
): Mingled => ({
  factors: [
    { name: 'kind', classes: Object.keys(kinds) },
    { name: 'depth', classes: Object.keys(depths) },
    named('N', batches),
    { name: 'image', classes: Object.keys(images) },
  ],
  core: ['kind', 'depth', 'N', 'image'],
  form: (row, turn) => {
    const {
      groups: some = [1],
      each = false,
      ...window
    } = inTurn(kinds[row['kind'] as string] as readonly Kind[], turn)
    const [from, to] = inTurn(depths[row['depth'] as string] as readonly (readonly [number, number])[], turn, 1)
    const groups = each ? from : inTurn(some, turn, 4)
    return convolution(transposed, {
      ...window,
      N: level(batches, row, 'N', turn, 3),
      groups,
      C: multipleOf(groups, from),
      O: each ? from : multipleOf(groups, to),
      image: inTurn(images[row['image'] as string] as readonly Shape[], turn, 2),
      bias: turn % 2 === 0,
    })
  },
  // multiply-adds, but for the borders, and what it takes to move the larger of its images
  cost: ({ shapes: { x = [], w = [] }, attrs }) => {
    const [N = 1, C = 1, ...image] = x
    const [filters = 1, channels = 1] = w
    const stride = sizeOf(attrs['stride'] as Shape)
    const [groups, pixels] = [Number(attrs['groups'] ?? 1), N * sizeOf(image)]
    const [more, fewer] = transposed ? [pixels * stride, pixels] : [pixels, pixels / stride]
    const [wide, narrow] = transposed ? [channels * groups, C] : [C, filters]
    return Math.max(fewer * sizeOf(w), perElement * Math.max(more * wide, fewer * narrow))
  },
  most: 6e7,
})

/** What most networks are made of, a batch at a time. */
const staples = {
  conv1d: [
    { N: 8, C: 32, O: 64, filter: [3], padding: [1, 1], image: [128] },
    { N: 16, C: 64, O: 64, filter: [3], padding: [1, 1], image: [50] },
    { N: 9, C: 33, O: 40, filter: [5], stride: [2], padding: [2, 2], image: [131] },
  ],
  conv2d: [
    { N: 8, C: 32, O: 32, filter: square(3), padding: around(1), image: [28, 28] },
    { N: 8, C: 64, O: 64, filter: square(3), padding: around(1), image: [14, 14] },
    { N: 16, C: 64, O: 64, filter: square(3), padding: around(1), image: [7, 7] },
    { N: 9, C: 33, O: 40, filter: square(3), padding: around(1), image: [15, 14] },
    { N: 16, C: 32, O: 64, filter: square(3), stride: square(2), padding: around(1), image: [16, 16] },
    { N: 8, C: 128, O: 64, filter: square(1), image: [16, 16] },
    { N: 64, C: 6, O: 16, filter: square(5), image: [14, 14] },
  ],
  convTranspose2d: [
    { N: 8, C: 64, O: 32, filter: square(4), stride: square(2), padding: around(1), image: [8, 8] },
    { N: 16, C: 32, O: 16, filter: square(4), stride: square(2), padding: around(1), image: [14, 14] },
    { N: 8, C: 64, O: 33, filter: square(2), stride: square(2), image: [14, 15] },
  ],
} as const satisfies Readonly<Partial<Record<OpName, readonly Layer[]>>>

const windows: Readonly<Record<string, Form['attrs']>> = {
  '2': { window: [2, 2], stride: [2, 2] },
  '3 by 2': { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  '3 by 1': { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  '5 by 3': { window: [5, 5], stride: [3, 3], padding: [0, 2, 2, 0], ceilMode: true },
}
const ofChannels: Levels = { tens: [16, 32, 24, 20], many: [64, 96, 72, 65], deep: [256, 160, 130, 512] }
const pools: Mingled = {
  factors: [
    { name: 'window', classes: Object.keys(windows) },
    named('N', batches),
    named('C', ofChannels),
    { name: 'image', classes: Object.keys(planes) },
  ],
  core: ['window', 'N', 'C', 'image'],
  form: (row, turn) =>
    formOf(
      windows[row['window'] as string] as Form['attrs'],
      {
        x: [
          level(batches, row, 'N', turn),
          level(ofChannels, row, 'C', turn, 1),
          ...inTurn(planes[row['image'] as string] as readonly Shape[], turn, 2),
        ],
      },
      turn % 3 === 2 ? { x: 'ties' } : {},
    ),
  cost: ({ shapes: { x = [] } }) => sizeOf(x),
  most: 2.6e5,
}

// ---- channels, rows and classes ----------------------------------------------------------------------------------

const imageOf = (row: Row, turn: number): Shape => [
  level(batches, row, 'N', turn),
  level(ofChannels, row, 'C', turn, 1),
  ...inTurn(planes[row['image'] as string] as readonly Shape[], turn, 2),
]
const byChannel = (op: OpName): Mingled => ({
  factors: [named('N', batches), named('C', ofChannels), { name: 'image', classes: Object.keys(planes) }],
  core: op === 'localResponseNorm' ? [] : ['N', 'C', 'image'],
  form: (row, turn) => {
    const x = imageOf(row, turn)
    const [N = 1, C = 1] = x
    const numbers: Form['fills'] = turn % 2 === 0 ? {} : { x: { mean: 3, scale: 2 } }
    if (op === 'scaleChannels') return formOf({}, { x, s: [N, C] })
    if (op === 'globalAvgPool') return formOf({}, { x }, turn % 2 === 0 ? {} : { x: 'positive' })
    if (op === 'localResponseNorm') return formOf({ size: 5, alpha: 0.5, beta: 0.75, k: 2 }, { x })
    return formOf(
      {},
      { x, gamma: [C], beta: [C], runningMean: [C], runningVar: [C] },
      { ...numbers, runningVar: 'positive' },
    )
  },
  cost: ({ shapes: { x = [] } }) => sizeOf(x),
  most: op === 'localResponseNorm' ? 1e5 : 2.6e5,
})

const ofRows: Levels = { tens: [49, 64, 50, 33], hundreds: [256, 197, 300, 128], long: [1000, 1024, 2000] }
const before: Levels = { tens: [32, 24, 50], hundreds: [128, 96, 200] }
const behind: Levels = { one: [1], some: [8, 12, 7], many: [49, 64, 36] }
const rows: Mingled = {
  factors: [named('before', before), named('length', ofRows), named('behind', behind)],
  core: ['before', 'length', 'behind'],
  form: (row, turn) => {
    const [first, length, last] = [
      level(before, row, 'before', turn),
      level(ofRows, row, 'length', turn, 1),
      level(behind, row, 'behind', turn, 2),
    ]
    // heads of a batch where there is nothing behind
    const shape = last === 1 ? [4, Math.ceil(first / 4), length] : [first, length, last]
    return formOf({ axis: last === 1 ? -1 : 1 }, { x: shape }, turn % 3 === 2 ? { x: 'wide' } : {})
  },
  cost: ({ shapes: { x = [] } }) => sizeOf(x),
  most: 2.6e5,
}

const ofBatch: Levels = { batch: [64, 32, 50, 100], large: [256, 128, 300] }
const ofClasses: Levels = { tens: [10, 26, 47], hundreds: [100, 200, 256], thousand: [1000, 1024, 1001] }
const byClass = (op: OpName, input: string, fill: Fill): Mingled => ({
  factors: [named('N', ofBatch), named('C', ofClasses), { name: 'reduction', classes: ['mean', 'sum', 'none'] }],
  core: ['N', 'C', 'reduction'],
  form: (row, turn) => {
    const shape = [level(ofBatch, row, 'N', turn), level(ofClasses, row, 'C', turn, 1)]
    return formOf(
      { reduction: row['reduction'] as string },
      { [input]: shape, target: shape },
      { [input]: fill, target: 'oneHot' },
    )
  },
  // hinge holds every class against every other
  cost: ({ shapes: { target = [] } }) => sizeOf(target) * (op === 'hinge' ? (target[1] as number) / 10 : 1),
  most: op === 'hinge' ? 7e5 : 2.6e5,
})

// ---- by element, and what moves ----------------------------------------------------------------------------------

const maps: readonly Shape[] = [
  [16, 32, 14, 14],
  [8, 64, 16, 16],
  [33, 65, 7, 7],
  [4, 24, 28, 30],
  [64, 1000],
  [200, 513],
  [9, 50, 257],
]
/** Tensors that are weights: of layers, and of their filters. */
const parameters: readonly Shape[] = [
  [128, 64, 3, 3],
  [300, 784],
  [65, 33, 5, 5],
  [1000, 130],
]
const joined: readonly (readonly [number, Shape, Shape])[] = [
  [1, [8, 32, 14, 14], [8, 64, 14, 14]],
  [1, [4, 24, 28, 28], [4, 12, 28, 28]],
  [-1, [50, 64, 9], [50, 64, 24]],
  [0, [16, 20, 13, 15], [33, 20, 13, 15]],
  [1, [64, 200], [64, 313]],
]
const laid: Readonly<Partial<Record<OpName, () => readonly Form[]>>> = {
  maxout,
  concat: () => joined.map(([axis, x0, x1]) => formOf({ axis }, { x0, x1 })),
  reshape: () => [
    formOf({ shape: [16, 32 * 14 * 14] }, { x: [16, 32, 14, 14] }),
    formOf({ shape: [64, 784] }, { x: [64, 1, 28, 28] }),
  ],
  flatten: () => [formOf({}, { x: [32, 64, 7, 7] }), formOf({}, { x: [16, 130, 50] })],
  rnnCell: () => cells({ gates: 1, steps: false }),
  gruCell: () => cells({ gates: 3, steps: false }),
  lstmCell: () => cells({ gates: 4, steps: false }),
  rnn: () => sequences({ gates: 1, steps: true }),
  gru: () => sequences({ gates: 3, steps: true }),
  lstm: () => sequences({ gates: 4, steps: true }),
  minMaxNormalize: () =>
    [
      [64, 300],
      [256, 130],
      [33, 784],
    ].map((x) => formOf({}, { x })),
  zScoreNormalize: () =>
    [
      [64, 300],
      [256, 130],
      [33, 784],
    ].map((x) => formOf({}, { x })),
}

const table: Readonly<Partial<Record<OpName, () => Mingled>>> = {
  dense: () => dense,
  conv1d: () => convolutions(false, ofSequences, lengths),
  conv2d: () => convolutions(false, ofImages, planes),
  convTranspose2d: () => convolutions(true, ofUps, planes),
  maxPool2d: () => pools,
  avgPool2d: () => pools,
  softmax: () => rows,
  logSoftmax: () => rows,
  ...Object.fromEntries(
    (['batchNormTraining', 'batchNormInference', 'localResponseNorm', 'globalAvgPool', 'scaleChannels'] as const).map(
      (op) => [op, () => byChannel(op)],
    ),
  ),
  cce: () => byClass('cce', 'prediction', 'probability'),
  softmaxCrossEntropy: () => byClass('softmaxCrossEntropy', 'logits', 'normal'),
  hinge: () => byClass('hinge', 'scores', 'normal'),
}

const numbersTogether: readonly OpName[] = ['dense', 'conv1d', 'conv2d', 'convTranspose2d']

/** The cases of an op in a direction of which all axes are ample. Of what goes by element, `alike` makes cases of a shape. */
export const ampleOf = (
  op: OpName,
  direction: Direction,
  isOptimizer: boolean,
  alike: (shape: Shape, turn: number) => readonly Form[],
): readonly Form[] => {
  const own = laid[op]?.() ?? []
  const made = table[op]?.()
  if (made !== undefined) {
    const layers = op in staples ? staples[op as keyof typeof staples] : []
    const forms = [
      ...formsOf(made, `ample ${op} ${direction}`),
      ...layers.map((layer) => convolution(op === 'convTranspose2d', layer)),
    ]
    return numbersTogether.includes(op) ? numbered(op, direction, forms) : forms
  }
  if (own.length > 0) return own
  return (isOptimizer ? parameters : maps).flatMap(alike)
}
