import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { numbersIn } from '../form.js'
import type { Layer } from './miniature/convolutions.js'
import { around, convolution, convolutionsOf, square } from './miniature/convolutions.js'
import type { Attrs, Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * Layers of networks in small. A ladder has one axis long and all others short, and usual layers two; a training step has
 * them all of some length: a batch, channels, filters and an image. Kernels are chosen by such conjunctions, and go wrong
 * where all of them hold: a stem of three channels, a batch of 33 with 20 channels, four rows of a thousand terms, twelve
 * heads of 200 tokens. These have every axis just long enough for more than one tile, and no multiple of any; the last of
 * them, multiples on every axis. The same in every run, whatever its seed.
 */

// ---- products ----------------------------------------------------------------------------------------------------

/** Rows, terms and columns. */
const products: readonly (readonly [number, number, number])[] = [
  [34, 784, 130],
  [33, 513, 10],
  [4, 1030, 66],
  [7, 1026, 130],
  [1, 1030, 258],
  [5, 66, 1030],
  [1030, 66, 68],
  [2050, 34, 36],
  [2, 1026, 1030],
  [66, 1030, 66],
  [1, 4100, 18],
  [1, 514, 66],
  [1, 18, 4100],
  [17, 9, 4100],
  [32, 64, 96],
]

const dense = (direction: Direction): readonly Form[] => [
  ...numbered(
    'dense',
    direction,
    // sums of more terms than 15 bits count, of several rows and columns
    [...products, ...(direction === 'forward' ? [[17, 32_770, 16] as const] : [])].map(([N, I, O], turn) =>
      formOf({}, { x: [N, I], w: [O, I], ...(turn % 2 === 0 ? { b: [O] } : {}) }),
    ),
  ),
  // rows that are the weights as well
  formOf(
    {},
    { x: [5, 4], w: [5, 4] },
    {
      x: { values: [0.5, -1.25, 2, 0.75, -3, 1.5, 1] },
      w: { values: [0.5, -1.25, 2, 0.75, -3, 1.5, 1] },
    },
  ),
]

// sums far beyond where an exponential overflows, and some that are not
const pulledFar: Fill = {
  values: [60, -60, 200, -200, 0.5, -1000, 1000, -0.25, 45, -45, 90],
}

const recurrences = (kind: Gates, direction: Direction): readonly Form[] => {
  const { gates, steps } = kind
  const far = Object.fromEntries((gates === 3 ? ['bIh', 'bHh'] : ['b']).map((name) => [name, pulledFar]))
  const state = gates === 4 ? { [steps ? 'c0' : 'c']: pulledFar } : {}
  // derivatives along many states take long to bound
  const forward = direction === 'forward'
  const extents: readonly (readonly [number, number, number, number])[] = steps
    ? forward
      ? [
          [33, 17, 4, 9],
          [257, 1, 2, 8],
          [3, 33, 18, 34],
          [2, 9, 17, 130],
          [1, 2, 9, 514],
        ]
      : [
          [18, 17, 4, 9],
          [33, 9, 3, 8],
          [2, 2, 9, 66],
        ]
    : [
        [1, 33, 66, 66],
        [1, 130, 9, 18],
        [1, 3, 520, 34],
        ...(forward
          ? ([
              [1, 33, 9, 129],
              [1, 2, 9, 602],
              [1, 1, 3, 1026],
            ] as const)
          : ([[1, 2, 9, 258]] as const)),
      ]
  return [
    ...extents.map((each) => recurrence(kind, each)),
    recurrence(kind, [3, 3, 4, 11], far),
    ...(gates === 4
      ? [recurrence(kind, [3, 3, 4, 11], state), recurrence(kind, [3, 3, 4, 11], { ...far, ...state })]
      : []),
  ]
}

// ---- rows, maps and classes --------------------------------------------------------------------------------------

/** Rows in the middle of other axes, many long ones, and those of attention. */
const rows: readonly (readonly [Shape, number])[] = [
  [[2, 260, 3], 1],
  [[3, 1003, 5], 1],
  [[2, 515, 3, 4], 1],
  [[1030, 131], -1],
  [[2050, 66], -1],
  [[2, 5, 71, 71], -1],
  [[3, 521], -1],
  [[5, 1002], 1],
  [[66, 10], -1],
  [[300, 18], -1],
  [[2, 21, 17, 16], 1],
  [[520, 17], 0],
  [[9, 8200], -1],
  [[4, 30_005], -1],
]
// as a mask has them: far below all others, in rows that have nothing else too
const masked: Fill = {
  values: [0.5, -1e9, 1, -1e9, -1e9, -1e9, -1e9, -1e9, -1e9, -1e9, 2, -1e9],
}

const alongRows: readonly Form[] = [
  ...rows.map(([x, axis], turn) => formOf({ axis }, { x }, turn % 2 === 0 ? {} : { x: 'wide' })),
  formOf({}, { x: [4, 5] }, { x: masked }),
  formOf({ axis: 0 }, { x: [5, 4] }, { x: { constant: -1e9 } }),
]

/** Maps of a batch, sequences, features and weights, none of whose extents is 1 or 2. */
const several: readonly Shape[] = [
  [3, 18, 11, 10],
  [9, 10, 66],
  [66, 68],
  [3, 4, 5, 6, 7],
]

/** Tensors of six and seven axes. */
const manyAxes: readonly Shape[] = [
  [2, 3, 1, 2, 3, 2],
  [2, 1, 3, 2, 1, 2, 3],
]

/** Lengths whose last few are left of fours, of sixteens and of blocks of 1,024, at once. */
const tails = [1029, 5130, 16_390]

const images: readonly Shape[] = [
  [17, 18, 9, 8],
  [33, 34, 4, 5],
  [1, 66, 17, 16],
  [2, 97, 11, 10],
  [2, 514, 7, 7],
  [1, 10, 66, 65],
]
const features: readonly Shape[] = [
  [130, 132],
  [1030, 66],
  [17, 18, 65],
  [3, 17, 4, 5, 6],
]

// usual attributes beside the defaults
const attributesOf: Readonly<Partial<Record<OpName, readonly Attrs[]>>> = {
  batchNormTraining: [{}, { epsilon: 1e-3, momentum: 0.9 }, { momentum: 0.01, runningVariance: 'biased' }],
  batchNormInference: [{}, { epsilon: 1e-3 }],
  localResponseNorm: [{}, { size: 5, alpha: 1e-4, beta: 0.75, k: 2 }, { size: 3, alpha: 0.5, beta: 0.5 }],
}

const normalizer = (op: OpName, x: Shape, turn: number): Form => {
  const C = [x[1] as number]
  const choices = attributesOf[op] ?? [{}]
  const attrs = choices[turn % choices.length] as Attrs
  const numbers: Form['fills'] = turn % 2 === 0 ? {} : { x: { mean: 3, scale: 2 } }
  return op === 'scaleChannels'
    ? formOf({}, { x, s: x.slice(0, 2) }, turn % 2 === 0 ? {} : { x: 'positive', s: 'positive' })
    : op === 'globalAvgPool' || op === 'localResponseNorm'
      ? formOf(attrs, { x }, turn % 2 === 0 ? {} : { x: 'positive' })
      : formOf(attrs, { x, gamma: C, beta: C, runningMean: C, runningVar: C }, { ...numbers, runningVar: 'positive' })
}

const pools: readonly Attrs[] = [
  { window: [2, 2] },
  { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  { window: [3, 3], stride: [2, 2], ceilMode: true },
  { window: [3, 2], stride: [2, 2], padding: [1, 1, 0, 1] },
  { window: [2, 5], stride: [1, 2], padding: [0, 1, 2, 2] },
  { window: [5, 3], padding: [2, 2, 1, 1], ceilMode: true },
  { window: [2, 1] },
  { window: [1, 3], stride: [1, 2], padding: [0, 0, 1, 1] },
  { window: [2, 2], stride: [2, 1], padding: [0, 0, 1, 1] },
  { window: [5, 5], stride: [1, 1], padding: [2, 2, 2, 2] },
  { window: [9, 9], stride: [1, 1], padding: [4, 4, 4, 4] },
  { window: [2, 2], stride: [3, 3], ceilMode: true },
]
const maps: readonly Shape[] = [
  [17, 18, 10, 9],
  [2, 66, 11, 12],
  [2, 9, 33, 38],
]

const pooled = (op: OpName): readonly Form[] => [
  ...pools.flatMap((attrs, turn) =>
    (turn < 4 ? maps : [maps[turn % 3] as Shape, maps[(turn + 1) % 3] as Shape]).map((x, at) =>
      formOf(
        op === 'avgPool2d' && (turn + at) % 2 === 0 ? { ...attrs, countIncludePad: true } : attrs,
        { x },
        (turn + at) % 3 === 2 ? { x: 'ties' } : {},
      ),
    ),
  ),
  formOf({ window: [7, 7] }, { x: [2, 514, 7, 7] }),
  formOf({ window: [17, 18] }, { x: [3, 18, 17, 18] }),
  // all far below what a maximum may start from
  ...(op === 'maxPool2d'
    ? [-1e5, -1e25].map((mean) =>
        formOf({ window: [3, 3], padding: [1, 1, 1, 1] }, { x: [2, 3, 7, 8] }, { x: { mean, scale: -mean / 10 } }),
      )
    : []),
]

const reductions = ['mean', 'sum', 'none'] as const

// the last row alone has a target: of a sum of many it would be within the bound that nobody counts it
const lastOf = (N: number, C: number): Fill => ({
  only: [
    [(N - 1) * C + Math.floor(C / 2), 1],
    [(N - 3) * C + 2, 1],
  ],
})

const byClass = (op: OpName, input: string, fill: Fill): readonly Form[] => [
  ...(
    [
      [4100, 11, 'mean', 'last'],
      [4100, 11, 'none', 'each'],
      // hinge holds every class against every other
      [130, op === 'hinge' ? 103 : 1003, 'mean', 'last'],
      [131, op === 'hinge' ? 102 : 1002, 'sum', 'last'],
      [131, 34, 'mean', 'each'],
      [131, 102, 'none', 'each'],
      ...(op === 'hinge' ? [] : ([[9, 4100, 'mean', 'each']] as const)),
    ] as const
  ).map(([N, C, reduction, whose]) =>
    formOf(
      { reduction },
      { [input]: [N, C], target: [N, C] },
      { [input]: fill, target: whose === 'last' ? lastOf(N, C) : 'oneHot' },
    ),
  ),
  // rows without a target among others
  ...reductions.map((reduction) =>
    formOf(
      { reduction },
      { [input]: [4, 3], target: [4, 3] },
      {
        [input]: fill,
        target: { values: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0] },
      },
    ),
  ),
]

const byElement = (input: string, fill: Fill, target: Fill): readonly Form[] => [
  ...reductions.map((reduction, turn) => {
    const shape = turn % 2 === 0 ? [260, 259] : [65_542]
    return formOf({ reduction }, { [input]: shape, target: shape }, { [input]: fill, target })
  }),
  ...several.map((shape, turn) =>
    formOf({ reduction: reductions[turn % 3] as string }, { [input]: shape, target: shape }, { [input]: fill, target }),
  ),
]

const joined = (axis: number, ...shapes: readonly Shape[]): Form =>
  formOf({ axis }, Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape])))

const concat: readonly Form[] = [
  joined(1, [2, 66, 7, 8], [2, 33, 7, 8], [2, 64, 7, 8]),
  joined(1, [17, 18, 9, 8], [17, 20, 9, 8]),
  joined(1, [1030, 5], [1030, 7], [1030, 1]),
  joined(-1, [2, 3, 34, 65], [2, 3, 34, 1], [2, 3, 34, 3]),
  joined(2, [2, 3, 34, 17], [2, 3, 1, 17], [2, 3, 5, 17]),
  joined(0, ...Array.from({ length: 40 }, (_, i) => [1 + (i % 3), 3])),
  joined(1, ...Array.from({ length: 67 }, (_, i) => [2, 1 + (i % 2), 2])),
  joined(2, [9, 10, 66], [9, 10, 17]),
  joined(1, [3, 4, 5, 6, 7], [3, 3, 5, 6, 7]),
  joined(3, [2, 1, 3, 2, 1, 2], [2, 1, 3, 1, 1, 2]),
  joined(-2, [2, 1, 3, 2, 1, 2, 3], [2, 1, 3, 2, 1, 1, 3]),
]

// ---- by element, and optimizers ----------------------------------------------------------------------------------

const byElementOnly = (op: OpName, name: readonly string[]): readonly Form[] =>
  [...tails.map((length): Shape => [length]), ...several, ...manyAxes].map((shape) =>
    formOf(
      op === 'dropout' ? { key: [7, 11], keep: 0.7 } : {},
      Object.fromEntries(name.map((input) => [input, shape])),
    ),
  )

/** Without ε, where all is so small that any would show. */
const withoutEpsilon = (op: OpName, states: readonly string[]): readonly Form[] =>
  [0.1, 1].map((learningRate, turn) => {
    const names = ['w', 'g', ...states]
    return formOf(
      {
        learningRate,
        epsilon: 0,
        ...(op === 'adamw' && turn === 0 ? { weightDecay: 0 } : {}),
      },
      {
        ...Object.fromEntries(names.map((name) => [name, [2, 7]])),
        ...(op.startsWith('adam') ? { step: [] } : {}),
      },
      {
        g: { mean: 0, scale: 2 ** -30 },
        ...Object.fromEntries(states.map((name) => [name, { constant: name === 'm' ? 2 ** -32 : 2 ** -62 }])),
        ...(op.startsWith('adam') ? { step: { constant: turn === 0 ? 0 : 7 } } : {}),
      },
    )
  })

const usualRates: Attrs = { learningRate: 0.1 }
const weightsOf: readonly Shape[] = [[4109], [18, 17, 3, 3], [66, 65]]
const optimized = (op: OpName, states: readonly string[], attrs: readonly Attrs[]): readonly Form[] => {
  const names = ['w', 'g', ...states]
  return attrs.flatMap((own, turn) =>
    [weightsOf[turn % 3] as Shape, ...(turn === 0 ? [[65_542]] : [])].map((shape) =>
      formOf(
        { ...usualRates, ...own },
        {
          ...Object.fromEntries(names.map((name) => [name, shape])),
          ...(op.startsWith('adam') ? { step: [] } : {}),
        },
        {
          ...Object.fromEntries(
            states.filter((name) => name !== 'velocity' && name !== 'm').map((name) => [name, 'positive' as const]),
          ),
          ...(op.startsWith('adam') ? { step: { constant: turn === 0 ? 0 : 7 } } : {}),
        },
      ),
    ),
  )
}

const decaying: readonly Attrs[] = [{ weightDecay: 0.1 }, { weightDecay: 0 }]

// ---- by op -------------------------------------------------------------------------------------------------------

const elementwise = ['sigmoid', 'tanh', 'relu', 'leakyRelu', 'elu', 'softplus', 'step', 'dropout'] as const

const others: Readonly<Partial<Record<OpName, (direction: Direction) => readonly Form[]>>> = {
  dense,
  ...Object.fromEntries(elementwise.map((op) => [op, () => byElementOnly(op, ['x'])])),
  flatten: () => several.map((x) => formOf({}, { x })),
  reshape: () =>
    [
      [30, 198],
      [10, 9, 66],
      [68, 66],
      [7, 6, 5, 4, 3],
    ].map((shape, turn) => formOf({ shape }, { x: several[turn] as Shape })),
  add: () => byElementOnly('add', ['a', 'b']),
  mul: () => byElementOnly('mul', ['a', 'b']),
  softmax: () => [...alongRows, ...manyAxes.map((x) => formOf({ axis: 2 }, { x }))],
  logSoftmax: () => [...alongRows, ...manyAxes.map((x) => formOf({ axis: -3 }, { x }))],
  ...Object.fromEntries(
    (['batchNormTraining', 'batchNormInference', 'localResponseNorm', 'globalAvgPool', 'scaleChannels'] as const).map(
      (op) => [
        op,
        () =>
          [
            ...images,
            ...(op === 'globalAvgPool' || op === 'scaleChannels'
              ? []
              : features.filter((x) => op !== 'localResponseNorm' || x.length > 2)),
          ].map((x, turn) => normalizer(op, x, turn)),
      ],
    ),
  ),
  maxPool2d: () => pooled('maxPool2d'),
  avgPool2d: () => pooled('avgPool2d'),
  maxout: () => [
    formOf({}, { x: [5, 7], w: [3, 4, 7], b: [3, 4] }, { b: { mean: -1e6, scale: 10 } }),
    formOf({}, { x: [18, 66], w: [3, 34, 66], b: [3, 34] }, { x: { integers: 9 }, w: { integers: 9 } }),
  ],
  softmaxCrossEntropy: () => [
    ...byClass('softmaxCrossEntropy', 'logits', 'normal'),
    formOf({}, { logits: [4, 5], target: [4, 5] }, { logits: masked, target: { values: [1, 0, 0, 0, 0] } }),
  ],
  cce: () => byClass('cce', 'prediction', 'probability'),
  hinge: () => byClass('hinge', 'scores', 'normal'),
  mse: () => byElement('prediction', 'normal', 'normal'),
  bce: () => byElement('prediction', 'probability', 'fraction'),
  bceWithLogits: () => byElement('logits', 'normal', 'fraction'),
  concat: () => concat,
  minMaxNormalize: () =>
    [
      [-1, 0],
      [0, 2],
    ].map(([low = 0, high = 0]) => formOf({ low, high }, { x: [6, 3], apply: [4, 3] })),
  sgd: () => optimized('sgd', [], decaying),
  momentum: () =>
    optimized(
      'momentum',
      ['velocity'],
      [
        { weightDecay: 0.1, nesterov: true },
        { nesterov: false, weightDecay: 0 },
        { momentum: 0, nesterov: true },
      ],
    ),
  adagrad: () => [...optimized('adagrad', ['accumulator'], decaying), ...withoutEpsilon('adagrad', ['accumulator'])],
  rmsprop: () => [
    ...optimized('rmsprop', ['meanSquare'], [...decaying, { epsilonInside: true }]),
    ...withoutEpsilon('rmsprop', ['meanSquare']),
  ],
  adadelta: () => [
    ...optimized('adadelta', ['meanSquare', 'meanSquareDelta'], decaying),
    ...withoutEpsilon('adadelta', ['meanSquare', 'meanSquareDelta']),
  ],
  adam: () => [...optimized('adam', ['m', 'v'], decaying), ...withoutEpsilon('adam', ['m', 'v'])],
  adamw: () => [...optimized('adamw', ['m', 'v'], decaying), ...withoutEpsilon('adamw', ['m', 'v'])],
}

const kinds: Readonly<Partial<Record<OpName, Gates>>> = {
  rnnCell: { gates: 1, steps: false },
  rnn: { gates: 1, steps: true },
  gruCell: { gates: 3, steps: false },
  gru: { gates: 3, steps: true },
  lstmCell: { gates: 4, steps: false },
  lstm: { gates: 4, steps: true },
}

// ---- multiples ---------------------------------------------------------------------------------------------------

// what a tile, a vector and a workgroup divide, on every axis at once: kernels without a bounds check are chosen there
const wholeTiles: readonly Layer[] = [
  { N: 4, C: 32, O: 32, image: [8, 8], filter: square(3), padding: around(1) },
  {
    N: 4,
    C: 64,
    O: 64,
    image: [4, 4],
    filter: square(3),
    padding: around(1),
    bias: false,
  },
  { N: 4, C: 64, O: 64, image: [8, 8], filter: square(1) },
  { N: 1, C: 128, O: 128, image: [8, 8], filter: square(1), bias: false },
  {
    N: 4,
    C: 32,
    O: 64,
    image: [8, 8],
    filter: square(3),
    stride: square(2),
    padding: around(1),
  },
  {
    N: 4,
    C: 32,
    O: 32,
    groups: 32,
    image: [8, 8],
    filter: square(3),
    padding: around(1),
  },
  {
    N: 8,
    C: 64,
    O: 64,
    groups: 64,
    image: [8, 8],
    filter: square(3),
    stride: square(2),
    padding: around(1),
    bias: false,
  },
  {
    N: 4,
    C: 32,
    O: 32,
    groups: 4,
    image: [8, 8],
    filter: square(3),
    padding: around(1),
  },
  { N: 16, C: 16, O: 16, image: [8, 8], filter: square(2), stride: square(2) },
  {
    N: 4,
    C: 16,
    O: 16,
    image: [8, 8],
    filter: square(4),
    stride: square(2),
    padding: around(1),
  },
]
const wholeSequences: readonly Layer[] = [
  { N: 4, C: 32, O: 32, image: [64], filter: [3], padding: [1, 1] },
  { N: 4, C: 64, O: 64, image: [64], filter: [1], bias: false },
  { N: 8, C: 64, O: 64, groups: 64, image: [64], filter: [3], padding: [1, 1] },
  {
    N: 4,
    C: 32,
    O: 64,
    image: [64],
    filter: [4],
    stride: [2],
    padding: [1, 1],
  },
]
const wholeProducts: readonly (readonly [number, number, number])[] = [
  [64, 128, 64],
  [16, 256, 128],
  [128, 64, 256],
]
const wholeImages: readonly Shape[] = [
  [4, 16, 8, 8],
  [8, 32, 4, 4],
  [4, 64, 8, 8],
]
const wholeRows: readonly Shape[] = [
  [32, 256],
  [16, 1024],
  [2, 4, 16, 64],
]

const wholeClasses = (input: string, fill: Fill): readonly Form[] =>
  [
    [32, 128],
    [64, 64],
  ].map((shape) => formOf({}, { [input]: shape, target: shape }, { target: 'oneHot', [input]: fill }))
const wholeMaps = (op: OpName): readonly Form[] => wholeImages.map((x, turn) => normalizer(op, x, turn))
const wholePools = (): readonly Form[] =>
  pools.slice(0, 3).flatMap((attrs) =>
    [
      [4, 32, 8, 8],
      [8, 16, 16, 16],
    ].map((x) => formOf(attrs, { x })),
  )
const inWholeRows = (): readonly Form[] => wholeRows.map((x) => formOf({}, { x }))
const wholeLayers =
  (layers: readonly Layer[]) =>
  (op: OpName, direction: Direction): readonly Form[] =>
    numbered(
      op,
      direction,
      layers.map((layer) => convolution(op === 'convTranspose2d', layer)),
    )
const wholeRecurrences = (kind: Gates): readonly Form[] =>
  (kind.steps
    ? ([
        [4, 8, 16, 16],
        [2, 4, 32, 32],
      ] as const)
    : ([
        [1, 8, 32, 32],
        [1, 16, 64, 64],
      ] as const)
  ).map((extents) => recurrence(kind, extents))

const whole: Readonly<Partial<Record<OpName, (op: OpName, direction: Direction) => readonly Form[]>>> = {
  conv2d: wholeLayers(wholeTiles),
  convTranspose2d: wholeLayers(wholeTiles),
  conv1d: wholeLayers(wholeSequences),
  dense: (op, direction) =>
    numbered(
      op,
      direction,
      wholeProducts.map(([N, I, O]) => formOf({}, { x: [N, I], w: [O, I], b: [O] })),
    ),
  batchNormTraining: wholeMaps,
  batchNormInference: wholeMaps,
  localResponseNorm: wholeMaps,
  globalAvgPool: wholeMaps,
  scaleChannels: wholeMaps,
  maxPool2d: wholePools,
  avgPool2d: wholePools,
  softmax: inWholeRows,
  logSoftmax: inWholeRows,
  cce: () => wholeClasses('prediction', 'probability'),
  softmaxCrossEntropy: () => wholeClasses('logits', 'normal'),
  concat: () => [joined(1, [4, 16, 8, 8], [4, 32, 8, 8]), joined(1, [64, 64], [64, 64]), joined(0, [32, 64], [64, 64])],
}

// ---- all of them -------------------------------------------------------------------------------------------------

/** So many numbers are soon asked about again. */
const mostAgain = 8000

/**
 * The largest that is soon asked about, twice more, with other numbers each time: what is kept of a shape from question to
 * question may be kept of large ones only.
 */
const again = (forms: readonly Form[]): readonly Form[] => {
  const [largest] = forms.filter((form) => numbersIn(form) <= mostAgain).sort((a, b) => numbersIn(b) - numbersIn(a))
  return largest === undefined ? [] : [largest, largest]
}

/** The layers in small of an op in a direction. */
export const miniatureOf = (op: OpName, direction: Direction): readonly Form[] => {
  const kind = kinds[op]
  const forms = [
    ...numbered(
      op,
      direction,
      (convolutionsOf[op]?.(direction) ?? []).map((layer) => convolution(op === 'convTranspose2d', layer)),
    ),
    ...(kind === undefined ? [] : recurrences(kind, direction)),
    ...(others[op]?.(direction) ?? []),
  ]
  return [
    ...forms,
    ...again(forms),
    ...(kind === undefined ? [] : wholeRecurrences(kind)),
    ...(whole[op]?.(op, direction) ?? []),
  ]
}
