import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import type { Layer } from './miniature/convolutions.js'
import { around, convolution, square } from './miniature/convolutions.js'
import type { Attrs, Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * Layers of well-known networks at the sizes and ratios that they have there, one image or few: bottlenecks, stems, towers,
 * heads of attention, steps of speech. Libraries choose kernels by just these – 1×1 into a quarter of the channels, rows in
 * multiples of 64, 28 steps of 28 inputs – and each of them was once the only place where a kernel was wrong. The same in
 * every run, whatever its seed.
 */

const three = { filter: square(3), padding: around(1) } as const
const one = { filter: square(1) } as const

const convolved: Readonly<Partial<Record<OpName, readonly Layer[]>>> = {
  conv2d: [
    // into and out of a bottleneck, and down to half the size
    { N: 1, C: 256, O: 64, ...one, image: [14, 14], bias: false },
    { N: 2, C: 512, O: 128, ...one, image: [7, 7] },
    { N: 1, C: 64, O: 256, ...one, image: [14, 14] },
    { N: 3, C: 72, O: 288, ...one, image: [7, 7], bias: false },
    { N: 1, C: 64, O: 128, ...three, stride: square(2), image: [16, 16], bias: false },
    { N: 2, C: 65, O: 130, ...three, stride: square(2), image: [15, 15] },
    { N: 1, C: 64, O: 128, ...one, stride: square(2), image: [28, 28] },
    // basic blocks
    { N: 4, C: 64, O: 64, ...three, image: [8, 8], bias: false },
    { N: 1, C: 16, O: 16, ...three, image: [13, 13] },
    { N: 8, C: 128, O: 128, ...three, image: [7, 7] },
    { N: 1, C: 48, O: 64, ...three, image: [14, 14] },
    { N: 1, C: 80, O: 96, ...three, image: [15, 13] },
    // stems
    { N: 16, C: 3, O: 32, ...three, image: [32, 32] },
    { N: 1, C: 3, O: 16, ...three, stride: square(2), image: [224, 224] },
    { N: 1, C: 3, O: 64, ...three, image: [64, 64] },
    { N: 1, C: 3, O: 64, filter: square(7), stride: square(2), padding: around(3), image: [112, 112] },
    { N: 8, C: 6, O: 16, filter: square(5), image: [14, 14] },
    { N: 1, C: 3, O: 192, filter: square(16), stride: square(16), image: [64, 64] },
    // the last one, towers in two groups, rates, each channel by itself, and wide maps of few channels
    { N: 1, C: 64, O: 1, ...three, image: [16, 16] },
    { N: 2, C: 32, O: 3, ...three, image: [32, 32] },
    { N: 1, C: 96, O: 128, groups: 2, filter: square(5), padding: around(2), image: [13, 13] },
    { N: 1, C: 128, O: 128, filter: square(3), dilation: square(2), padding: around(2), image: [16, 16] },
    { N: 1, C: 32, O: 32, groups: 32, filter: square(3), stride: square(2), padding: [0, 1, 0, 1], image: [28, 28] },
    { N: 2, C: 96, O: 96, groups: 96, ...three, image: [28, 28] },
    { N: 1, C: 240, O: 240, groups: 240, filter: square(5), padding: around(2), image: [14, 14] },
    { N: 8, C: 4, O: 64, ...one, image: [28, 28] },
    { N: 3, C: 128, O: 128, groups: 32, ...three, image: [14, 14], bias: false },
  ],
  conv1d: [
    { N: 1, C: 512, O: 64, filter: [3], padding: [1, 1], image: [600] },
    { N: 1, C: 1, O: 32, filter: [80], stride: [4], image: [8000] },
    { N: 1, C: 128, O: 128, filter: [1], image: [600] },
    { N: 2, C: 80, O: 256, filter: [3], padding: [1, 1], image: [100] },
    { N: 1, C: 256, O: 256, groups: 256, filter: [31], padding: [15, 15], image: [100] },
    { N: 4, C: 64, O: 64, filter: [3], dilation: [16], padding: [32, 0], image: [128] },
  ],
  convTranspose2d: [
    { N: 1, C: 256, O: 128, filter: square(2), stride: square(2), image: [8, 8] },
    { N: 1, C: 64, O: 32, filter: square(2), stride: square(2), image: [8, 8] },
    { N: 2, C: 128, O: 64, filter: square(4), stride: square(2), padding: around(1), image: [7, 7], bias: false },
    { N: 1, C: 512, O: 256, filter: square(2), stride: square(2), image: [4, 4] },
    { N: 1, C: 100, O: 256, filter: square(4), image: [1, 1], bias: false },
    { N: 2, C: 64, O: 3, filter: square(4), stride: square(2), padding: around(1), image: [16, 16] },
    { N: 1, C: 21, O: 21, groups: 21, filter: square(4), stride: square(2), padding: around(1), image: [16, 16] },
  ],
}

const pooled = (list: readonly (readonly [Attrs, Shape])[]): readonly Form[] =>
  list.flatMap(([attrs, x], turn) => formOf(attrs, { x }, turn % 3 === 2 ? { x: 'ties' } : {}))
const windows: readonly (readonly [Attrs, Shape])[] = [
  [{ window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }, [1, 64, 56, 56]],
  [{ window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }, [1, 64, 112, 112]],
  [{ window: [3, 3], stride: [2, 2] }, [1, 128, 13, 13]],
  [{ window: [3, 3], stride: [2, 2] }, [2, 256, 15, 15]],
  [{ window: [9, 9], stride: [1, 1], padding: [4, 4, 4, 4] }, [1, 64, 13, 13]],
  [{ window: [2, 2], stride: [2, 2] }, [1, 64, 18, 18]],
  [{ window: [2, 2], stride: [2, 2] }, [4, 128, 20, 20]],
  [{ window: [1, 1], stride: [1, 2] }, [1, 16, 9, 9]],
  [{ window: [1, 1], stride: [2, 2] }, [2, 64, 14, 14]],
  [{ window: [7, 7], stride: [1, 1] }, [2, 512, 7, 7]],
]

const cellOf = ({ gates }: Gates): readonly Form[] =>
  (
    [
      [1, 256, 256],
      [20, 40, 100],
      [10, 28, 40],
      [64, 64, 64],
    ] as const
  ).map(([N, I, H]) => recurrence({ gates, steps: false }, [1, N, I, H]))
const stepsOf = ({ gates }: Gates): readonly Form[] =>
  (
    [
      [28, 4, 28, 64],
      [4, 8, 64, 64],
      [20, 16, 8, 64],
      [16, 1, 65, 128],
      [50, 8, 4, 32],
    ] as const
  ).map(([T, N, I, H]) => recurrence({ gates, steps: true }, [T, N, I, H]))

const normalizing = (x: Shape): Form => {
  const C = [x[1] as number]
  return formOf({}, { x, gamma: C, beta: C, runningMean: C, runningVar: C }, { runningVar: 'positive' })
}
const normalized = (): readonly Form[] =>
  (
    [
      [2, 64, 200],
      [4, 128, 257],
      [8, 64, 32, 32],
      [64, 256],
      [128, 1000],
      [2, 64, 56, 56],
      [16, 16, 32, 32],
      [1, 512, 7, 7],
    ] as const
  ).map(normalizing)

const ofRows = (): readonly Form[] => [
  ...(
    [
      [1, 8, 64, 64],
      [2, 8, 128, 128],
      [1, 4, 197, 197],
      [32, 10],
      [8, 1000],
      [1, 5000],
    ] as const
  ).map((x, turn) => formOf({ axis: -1 }, { x }, turn % 3 === 2 ? { x: 'wide' } : {})),
  formOf({ axis: 0 }, { x: [16, 64] }),
  formOf({ axis: 0 }, { x: [33, 160] }),
  formOf({ axis: 1 }, { x: [1, 21, 32, 32] }),
]

const classified = (input: string, shapes: readonly Shape[]): readonly Form[] =>
  shapes.map((shape, turn) =>
    formOf(
      { reduction: (['mean', 'sum', 'none'] as const)[turn % 3] as string },
      { [input]: shape, target: shape },
      { [input]: input === 'prediction' ? 'probability' : 'normal', target: 'oneHot' },
    ),
  )
const samplesOfClasses: readonly Shape[] = [
  [64, 100],
  [128, 10],
  [32, 1000],
  [64, 100],
  [256, 10],
  [16, 1000],
]

const joined = (axis: number, ...shapes: readonly Shape[]): Form =>
  formOf({ axis }, Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape])))

/** Maps, sequences and columns, for what goes by element. */
const maps: readonly Shape[] = [
  [1, 64, 56, 56],
  [2, 256, 14, 14],
  [2, 512, 7, 7],
  [2, 64, 14, 14],
  [4, 512, 1, 1],
  [2, 16, 128],
  [2, 64, 256],
  [64, 1024],
  [2, 3, 64, 64],
  [2, 1, 64, 64],
  [1, 8, 64, 64],
  [64, 1],
  [32, 1],
  [1, 4096],
  [1, 1, 1, 1],
]

const parameters: readonly Shape[] = [
  [64, 64],
  [64, 32, 3, 3],
  [32, 16, 3, 3],
  [8, 4, 3, 3, 3],
  [512],
  [10, 512],
  [256, 64, 1, 1],
]

const laid: Readonly<Partial<Record<OpName, () => readonly Form[]>>> = {
  dense: () =>
    numbered(
      'dense',
      'forward',
      (
        [
          [1, 784, 128],
          [4, 528, 64],
          [64, 256, 1024],
          [2, 9216, 64],
          [16, 4, 10_000],
          [1, 2048, 1000],
          [64, 768, 768],
          [1, 400, 120],
          [197, 192, 576],
        ] as const
      ).map(([N, I, O], turn) => formOf({}, { x: [N, I], w: [O, I], ...(turn % 2 === 0 ? { b: [O] } : {}) })),
    ),
  maxout: () => [
    formOf({}, { x: [2, 256], w: [2, 128, 256], b: [2, 128] }),
    formOf({}, { x: [16, 784], w: [3, 32, 784], b: [3, 32] }),
  ],
  maxPool2d: () => pooled(windows),
  avgPool2d: () => pooled(windows),
  globalAvgPool: () =>
    (
      [
        [8, 64, 8, 8],
        [1, 512, 7, 7],
        [2, 1280, 7, 7],
        [1, 1000, 13, 13],
      ] as const
    ).map((x) => formOf({}, { x })),
  batchNormTraining: normalized,
  batchNormInference: normalized,
  localResponseNorm: () => [
    formOf({ size: 5, alpha: 1e-4, beta: 0.75, k: 2 }, { x: [1, 64, 27, 27] }),
    formOf({ size: 5, alpha: 1, beta: 0.75 }, { x: [1, 256, 13, 13] }),
  ],
  softmax: ofRows,
  logSoftmax: ofRows,
  cce: () => classified('prediction', samplesOfClasses),
  softmaxCrossEntropy: () => classified('logits', samplesOfClasses),
  hinge: () => classified('scores', [...samplesOfClasses.slice(0, 2), [50, 10], [64, 100]]),
  rnnCell: () => cellOf({ gates: 1, steps: false }),
  gruCell: () => cellOf({ gates: 3, steps: false }),
  lstmCell: () => cellOf({ gates: 4, steps: false }),
  rnn: () => stepsOf({ gates: 1, steps: true }),
  gru: () => stepsOf({ gates: 3, steps: true }),
  lstm: () => stepsOf({ gates: 4, steps: true }),
  concat: () => [
    joined(1, [4, 1], [4, 16]),
    joined(1, [8, 1], [8, 48]),
    joined(1, [1, 64, 14, 14], [1, 32, 14, 14], [1, 32, 14, 14]),
    joined(1, [2, 64, 14, 14], [2, 32, 14, 14], [2, 32, 14, 14], [2, 32, 14, 14]),
    joined(1, [1, 64, 28, 28], [1, 128, 28, 28], [1, 32, 28, 28], [1, 32, 28, 28]),
    joined(1, [2, 128, 16, 16], [2, 128, 16, 16]),
    joined(-1, [2, 16, 128], [2, 16, 64]),
    joined(-1, [64, 20], [64, 100]),
  ],
  reshape: () => [
    formOf({ shape: [2, 64, 4, 4] }, { x: [2, 1024] }),
    formOf({ shape: [4, 128, 4, 4] }, { x: [4, 2048] }),
    formOf({ shape: [2, 8, 64, 16] }, { x: [2, 64, 128] }),
  ],
  flatten: () =>
    (
      [
        [2, 512, 7, 7],
        [4, 512, 1, 1],
        [8, 16, 5, 5],
        [2, 256, 6, 6],
        [2, 64, 256],
      ] as const
    ).map((x) => formOf({}, { x })),
  scaleChannels: () =>
    (
      [
        [1, 2, 256, 256],
        [3, 16, 8, 8],
        [2, 64, 56, 56],
        [4, 512, 7, 7],
      ] as const
    ).map((x) => formOf({}, { x, s: x.slice(0, 2) })),
}

/** The layers of an op in a direction. Of what goes by element, `alike` makes cases of a shape. */
export const networksOf = (
  op: OpName,
  direction: Direction,
  isOptimizer: boolean,
  alike: (shape: Shape, turn: number) => readonly Form[],
): readonly Form[] => {
  const layers = convolved[op]
  if (layers !== undefined)
    return numbered(
      op,
      direction,
      layers.map((layer) => convolution(op === 'convTranspose2d', layer)),
    )
  return laid[op]?.() ?? (isOptimizer ? parameters : maps).flatMap(alike)
}
