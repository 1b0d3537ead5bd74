import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { acceptable } from '../form.js'
import { inTurn } from './mingled/levels.js'
import type { Layer } from './miniature/convolutions.js'
import { around, convolution, square } from './miniature/convolutions.js'
import type { Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * Bands of extents: one, few, some, many, long and deep. A kernel is chosen by bounds on both sides, such as at most eight
 * rows of many terms into many columns, and a batch of four through a layer of 64 by 64 is neither a ladder's, whose other
 * axes are short, nor a mingled one's, whose rows are one or more than eight. Here whatever three axes can be at once, as
 * long as it stays small, is asked where no other laid case is so. The same in every run, whatever its seed.
 */

/** Extents of each band, which take turns: what fours, eights and sixteens divide, and what nothing does. */
const bands: readonly (readonly number[])[] = [
  [1],
  [3, 4, 5, 8, 2, 6, 7],
  [17, 16, 20, 9, 24, 12, 31],
  [65, 64, 72, 33, 96, 127, 40],
  [130, 257, 256, 200, 384],
  [1025, 1030, 1040, 1027],
]
const ends = [1, 8, 32, 128, 1000, 4100]

const [some, many, long, deep] = [2, 3, 4, 5]

/** The band of an extent; none beyond the last. */
const bandOf = (extent: number): number => ends.findIndex((end) => extent <= end)

/** What cases of an op have of each band. */
interface Banded {
  /** the extents that a form has, in the order in which `form` takes them; nothing where it has not all of them */
  readonly of: (form: Form) => readonly number[]
  readonly form: (extents: readonly number[], turn: number) => Form
  /** multiply-adds, or elements where there are none */
  readonly cost: (extents: readonly number[]) => number
  readonly most: number
  /** the longest band of any axis */
  readonly deepest: number
}

const product = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1)

const dense = (direction: Direction): Banded => ({
  of: ({ shapes: { x = [], w = [] } }) => [...x, w[0] as number],
  form: ([N = 1, I = 1, O = 1], turn) =>
    formOf(
      {},
      { x: [N, I], w: [O, I], ...(turn % 3 === 0 ? {} : { b: [O] }) },
      turn % 2 === 0 ? {} : { x: { integers: 3 }, w: { integers: 3 } },
    ),
  cost: product,
  most: 3.4e5,
  // its gradients add up over rows and columns, both of which ladders and mingled cases have long
  deepest: direction === 'forward' ? deep : long,
})

/** What a bound takes along all states grows with the square of the units. */
const cell = (gates: Gates['gates'], direction: Direction): Banded => ({
  of: ({ shapes: { x = [], wHh = [] } }) => [...x, wHh[1] as number],
  form: ([N = 1, I = 1, H = 1]) => recurrence({ gates, steps: false }, [1, N, I, H]),
  cost: ([N = 1, I = 1, H = 1]) => gates * N * H * (I + 3 * H),
  most: direction === 'forward' ? 1e5 : 5e4,
  deepest: long,
})

/** Images of so many pixels, more or less. */
const images: readonly (readonly Shape[])[] = [
  [[1, 1]],
  [
    [2, 2],
    [1, 5],
    [3, 2],
  ],
  [
    [5, 5],
    [4, 4],
    [3, 7],
  ],
  [
    [7, 7],
    [8, 8],
    [5, 13],
  ],
  [
    [12, 13],
    [16, 16],
    [9, 33],
  ],
]
const planes: Banded = {
  of: ({ shapes: { x = [] } }) => [...x.slice(0, 2), product(x.slice(2))],
  form: ([N = 1, C = 1, pixels = 1], turn) => {
    const image = inTurn(images[bandOf(pixels)] as readonly Shape[], turn, 3)
    return formOf(
      {},
      {
        x: [N, C, ...(turn % 3 === 2 ? [product(image)] : image)],
        ...Object.fromEntries(['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => [name, [C]])),
      },
      { ...(turn % 2 === 0 ? {} : { x: { mean: 3, scale: 2 } }), runningVar: 'positive' },
    )
  },
  cost: product,
  most: 5500,
  deepest: many,
}

const reductions = ['mean', 'sum', 'none'] as const
const classes = (op: OpName, input: string, fill: Fill): Banded => ({
  of: ({ shapes: { target = [] } }) => target,
  form: (shape, turn) =>
    formOf(
      // one row is reduced to itself
      { reduction: shape[0] === 1 ? 'none' : (reductions[turn % 3] as string) },
      { [input]: shape, target: shape },
      { [input]: fill, target: 'oneHot' },
    ),
  cost: ([N = 1, C = 1]) => N * C * (op === 'hinge' ? C / 10 : 1),
  most: 40_000,
  deepest: long,
})

const rows: Banded = {
  of: ({ shapes: { x = [] }, attrs }) => {
    const axis = Number(attrs['axis'] ?? -1)
    const at = axis < 0 ? axis + x.length : axis
    return x.length === 0 ? [] : [product(x.slice(0, at)), x[at] as number, product(x.slice(at + 1))]
  },
  form: ([before = 1, length = 1, behind = 1], turn) =>
    formOf({ axis: turn % 2 === 0 ? 1 : -2 }, { x: [before, length, behind] }, turn % 3 === 2 ? { x: 'wide' } : {}),
  cost: product,
  most: 5500,
  deepest: long,
}

const table: Readonly<Partial<Record<OpName, (direction: Direction) => Banded>>> = {
  dense,
  rnnCell: (direction) => cell(1, direction),
  gruCell: (direction) => cell(3, direction),
  lstmCell: (direction) => cell(4, direction),
  batchNormTraining: () => planes,
  cce: () => classes('cce', 'prediction', 'probability'),
  softmaxCrossEntropy: () => classes('softmaxCrossEntropy', 'logits', 'normal'),
  hinge: () => classes('hinge', 'scores', 'normal'),
  softmax: () => rows,
}

const rowsOfBands = (deepest: number, axes: number): readonly (readonly number[])[] =>
  Array.from({ length: axes }).reduce<readonly (readonly number[])[]>(
    (found) => found.flatMap((row) => Array.from({ length: deepest + 1 }, (_, band) => [...row, band])),
    [[]],
  )

// rows of classes draw short extents, and a ladder has a long one beside those of 1; of two axes that is all there is
const isShort = (row: readonly number[]): boolean =>
  row.every((band) => band <= some) ||
  (row.length > 2 && row.includes(0) && row.filter((band) => band >= some).length < 2)

// ---- layers of a training step -----------------------------------------------------------------------------------

const stem = { filter: square(3), stride: square(2), padding: around(1) }
/** Layers that have a batch, channels and filters of several bands at once, of an image that is as small as it can be. */
const convolutions: Readonly<Partial<Record<OpName, readonly Layer[]>>> = {
  conv2d: [
    { ...stem, N: 17, C: 3, O: 33, image: [5, 5] },
    { N: 33, C: 4, O: 66, filter: square(1), image: [2, 3] },
    { N: 9, C: 34, O: 34, groups: 2, filter: square(3), padding: around(1), image: [3, 3] },
    { N: 1, C: 33, O: 34, filter: square(5), stride: square(2), padding: around(2), image: [5, 6] },
    { N: 2, C: 64, O: 129, filter: square(2), stride: square(2), image: [2, 2] },
    { N: 1, C: 1, O: 1, filter: square(7), padding: around(3), image: [33, 35] },
  ],
  conv1d: [
    { N: 1, C: 80, O: 81, filter: [3], stride: [2], padding: [1, 1], image: [100] },
    { N: 2, C: 33, O: 34, filter: [3], dilation: [4], padding: [8, 0], image: [12] },
  ],
  convTranspose2d: [{ N: 9, C: 64, O: 33, filter: square(4), stride: square(2), padding: around(1), image: [1, 2] }],
}
const pooled: readonly Form[] = [
  formOf({ window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }, { x: [17, 66, 7, 8] }),
  formOf({ window: [2, 2] }, { x: [17, 3, 62, 60] }),
]
const others: Readonly<Partial<Record<OpName, readonly Form[]>>> = {
  maxPool2d: [
    ...pooled,
    formOf(
      { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], ties: 'share' },
      { x: [9, 18, 5, 6] },
      { x: 'ties' },
    ),
  ],
  avgPool2d: pooled,
  concat: [
    formOf({ axis: 0 }, { x0: [33, 3], x1: [34, 3], x2: [35, 3] }),
    formOf({ axis: -1 }, { x0: [8, 65, 5], x1: [8, 65, 3] }),
  ],
  // all axes past 64, and an odd multiple of 8 of terms
  dense: [formOf({}, { x: [264, 264], w: [258, 264], b: [258] })],
  reshape: [formOf({ shape: [36, 306] }, { x: [4, 9, 17, 18] })],
  mse: [formOf({ reduction: 'sum' }, { prediction: [3, 18, 9, 10], target: [3, 18, 9, 10] })],
}
const ofAStep = (op: OpName, direction: Direction): readonly Form[] => [
  ...numbered(
    op,
    direction,
    (convolutions[op] ?? []).map((layer) => convolution(op === 'convTranspose2d', layer)),
  ),
  ...(others[op] ?? []),
]

/** So many turns may pass until extents are small enough together; then the shortest of each band are taken. */
const turns = 12

/** Those in bands in which none of the others has its axes, and behind them layers of a training step. */
export const bandsOf = (op: OpName, direction: Direction, others: readonly Form[]): readonly Form[] => [
  ...unmet(op, direction, others),
  ...ofAStep(op, direction),
]

const unmet = (op: OpName, direction: Direction, others: readonly Form[]): readonly Form[] => {
  const banded = table[op]?.(direction)
  if (banded === undefined) return []
  const met = new Set(others.map((form) => banded.of(form).map(bandOf).join()))
  return rowsOfBands(banded.deepest, others.map(banded.of).find(({ length }) => length > 0)?.length ?? 0)
    .filter((row) => !isShort(row) && !met.has(row.join()))
    .flatMap((row, at): readonly Form[] => {
      const extents = [
        ...Array.from({ length: turns }, (_, turn) =>
          row.map((band, axis) => inTurn(bands[band] as readonly number[], at + turn, axis)),
        ),
        row.map((band) => Math.min(...(bands[band] as readonly number[]))),
      ].find((each) => banded.cost(each) <= banded.most)
      const form = extents && banded.form(extents, at)
      return form !== undefined && acceptable(op, form) ? [form] : []
    })
}
