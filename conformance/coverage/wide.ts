import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import type { Row } from './covering.js'
import { measure } from './extents.js'
import type { Subject } from './subject.js'
import { apart, inNumbers, numberClasses, weighted } from './sums.js'
import type { Extents, Together, Window } from './usual.js'
import { convolutionOf, poolOf, same } from './usual.js'

/**
 * What neither classes nor ladders meet, since each of them has the rest short and plain. Attributes far past those that
 * most layers have, as networks have them all the same: rates of 6 to 512, filters of 31 taps, patches as wide as their
 * stride, 32 groups of several channels. Several axes long at once, so that every dimension of a launch has many tiles,
 * and what is kept of one is not kept of all. Axes longer than any rung: past what 16 bits count, by factors. Rows among
 * many axes, every axis by both its names, and operands of the same numbers. The same in every run, whatever its seed.
 */

/** What one of these may take: a second or so of a software adapter. */
const bearable = (op: OpName, form: Form): boolean => {
  const measured = measure(op, form)
  return E.isRight(measured) && measured.right.multiplyAdds <= 1.4e8 && measured.right.elements <= 420_000
}

// past 2¹⁷ by a little, and no multiple of anything
const [far, farther] = [131_073, 200_003]

// ---- convolutions ------------------------------------------------------------------------------------------------

interface Wide {
  readonly window: Window
  readonly extents: Omit<Extents, 'bias'>
  readonly turn?: number
}

const lean = (image: Shape, channels = 3, filters = 2): Wide['extents'] => ({ N: 2, channels, filters, image })

/** A window as large as that, with what stands around it. */
const spanOf = ({ K, dilation = 1 }: Window): number => dilation * (K - 1) + 1

// images that the window leaves by either side, and one more on the second axis
const around = (rank: 1 | 2, window: Window, more = 5): Shape => {
  const side = Math.max(4, Math.ceil(spanOf(window) / 2)) + more
  return rank === 1 ? [side + 8] : [side, side + 2]
}

const kept = (K: number, dilation: number, kind: Window['kind'] & string): Window => ({
  K,
  dilation,
  kind,
  padding: same(K, dilation),
})

const rates = (rank: 1 | 2): readonly Wide[] =>
  (rank === 2 ? [4, 6, 8, 12, 18, 24] : [6, 12, 16, 32, 64, 128, 256, 512]).flatMap((dilation) =>
    (['full', 'depthwise', 'grouped'] as const).map((kind) => {
      const window = kept(3, dilation, kind)
      return { window, extents: lean(around(rank, window), kind === 'full' ? 4 : 2, 3) }
    }),
  )

// filter, stride and padding: patches and steps of encoders and decoders
const steps = (rank: 1 | 2): readonly (readonly [number, number, number])[] =>
  rank === 2
    ? [
        [4, 4, 0],
        [7, 4, 3],
        [8, 8, 0],
        [8, 4, 2],
        [14, 14, 0],
        [16, 16, 0],
        [16, 8, 4],
        [5, 4, 2],
      ]
    : [
        [10, 5, 0],
        [8, 4, 2],
        [16, 16, 0],
        [31, 10, 15],
        [400, 160, 0],
        [25, 25, 12],
      ]

const stepped = (op: OpName, rank: 1 | 2): readonly Wide[] =>
  steps(rank).map(([K, stride, pad], turn) => {
    const long = op === 'convTranspose2d' ? 3 : K + 2 * stride - 2 * pad + (turn % 3)
    return {
      window: { K, stride, padding: [pad, pad] },
      extents: lean(rank === 1 ? [long] : [long, op === 'convTranspose2d' ? 4 : long + stride], 3, 5),
    }
  })

const filters = (rank: 1 | 2): readonly Wide[] =>
  (rank === 2 ? [9, 11, 13, 15, 21, 31] : [11, 21, 31, 41, 63, 127]).flatMap((K) => [
    ...(['full', 'depthwise'] as const).map((kind): Wide => {
      const window = kept(K, 1, kind)
      return { window, extents: lean(around(rank, window), 2, 2) }
    }),
    // as large as the image, and larger than it
    { window: { K }, extents: { ...lean(rank === 1 ? [K] : [K, K]), N: 3 } },
    { window: kept(K, 1, 'full'), extents: lean(rank === 1 ? [K - 4] : [K - 4, K - 5], 2, 3) },
  ])

// `turn` decides how many groups there are of the grouped kind, so that theirs are made by hand
const grouped = (op: OpName, rank: 1 | 2): readonly Form[] =>
  [
    [8, 4, 2],
    [16, 2, 3],
    [32, 4, 4],
    [64, 1, 2],
    [40, 3, 1],
  ].flatMap(([groups = 1, Cg = 1, Og = 1]) =>
    [1, 2].map((stride): Form => {
      const image = rank === 1 ? [11] : [6, 7]
      const each = (value: number): readonly number[] => image.map(() => value)
      return {
        attrs: { stride: each(stride), padding: image.flatMap(() => [1, 1]), dilation: each(1), groups },
        shapes: {
          x: [2, groups * Cg, ...image],
          w: op === 'convTranspose2d' ? [groups * Cg, Og, ...each(3)] : [groups * Og, Cg, ...each(3)],
          ...(stride === 1 ? { b: [groups * Og] } : {}),
        },
        fills: {},
      }
    }),
  )

const image = (rank: 1 | 2, H: number, W: number): Shape => (rank === 1 ? [H * W] : [H, W])

/** All axes long. */
const together = (rank: 1 | 2): readonly Wide[] => {
  const padded = { padding: [1, 1] } as const
  const deep = (N: number, channels: number, filters: number, H: number, W: number): Wide['extents'] => ({
    N,
    channels,
    filters,
    image: image(rank, H, W),
  })
  return [
    { window: { K: 3, ...padded }, extents: deep(1, 66, 65, 28, 29) },
    { window: { K: 3, ...padded }, extents: deep(3, 40, 34, 17, 19) },
    { window: { K: 1 }, extents: deep(2, 96, 130, 28, 31) },
    { window: { K: 1 }, extents: deep(1, 260, 136, 20, 21) },
    { window: { K: 1, stride: 2 }, extents: deep(2, 72, 80, 29, 30) },
    { window: { K: 3, stride: 2, ...padded }, extents: deep(2, 65, 66, 29, 30) },
    { window: { K: 3, dilation: 2, padding: [2, 2] }, extents: deep(1, 64, 64, 28, 28) },
    { window: { K: 3, kind: 'depthwise', ...padded }, extents: deep(2, 72, 1, 33, 35) },
    { window: { K: 3, stride: 2, kind: 'depthwise', ...padded }, extents: deep(2, 96, 1, 33, 34) },
    { window: { K: 3, kind: 'grouped', ...padded }, extents: deep(2, 24, 20, 20, 21) },
    { window: { K: 3, ...padded }, extents: deep(1, 3, 5, 135, 140) },
    { window: { K: 3, stride: 2, ...padded }, extents: deep(1, 3, 20, 133, 130) },
  ]
}

const beyond = (op: OpName, rank: 1 | 2): readonly Wide[] => {
  const many = 65_537
  return [
    { window: { K: 1 }, extents: { N: 1, channels: 2, filters: many, image: rank === 1 ? [2] : [1, 2] } },
    { window: { K: 1 }, extents: { N: 1, channels: many, filters: 2, image: rank === 1 ? [2] : [2, 1] } },
    { window: { K: 1, kind: 'depthwise' }, extents: { N: 2, channels: many, filters: 1, image: image(rank, 1, 1) } },
    { window: { K: 2 }, extents: { N: far, channels: 1, filters: 2, image: rank === 1 ? [2] : [2, 2] } },
    ...(rank === 1 ? [{ window: { K: 3, ...{ padding: [1, 1] as const } }, extents: lean([far], 1, 2) }] : []),
    ...(op === 'convTranspose2d'
      ? []
      : [{ window: { K: 3, padding: [1, 1] as const }, extents: lean(rank === 1 ? [farther] : [many, 3], 1, 1) }]),
  ]
}

const convolutions = (op: OpName, direction: Direction): readonly Form[] => {
  const rank = op === 'conv1d' ? 1 : 2
  const choices = numberClasses(direction, weighted).slice(0, 3)
  const laid = [...rates(rank), ...stepped(op, rank), ...filters(rank), ...together(rank), ...beyond(op, rank)].map(
    ({ window, extents }, turn) => convolutionOf(op, window, { ...extents, bias: turn % 2 === 0 }, turn),
  )
  return [...laid, ...grouped(op, rank)].map((form, turn) => {
    const choice = choices[turn % choices.length] as string
    return choice === apart ? form : inNumbers(op, direction, weighted, choice, form)
  })
}

const pools = (): readonly Form[] => [
  ...[9, 11, 13, 15, 16, 24, 31].flatMap((k) => [
    poolOf(k, 1, same(k), [2, 2, k + 3, k + 4]),
    poolOf(k, k, [0, 0], [2, 2, 2 * k + 1, k]),
  ]),
  ...[3, 4, 5, 7].map((stride) => poolOf(2, stride, [0, 0], [2, 3, 4 * stride + 1, 3 * stride + 2])),
  poolOf(2, 2, [0, 0], [2, 33, 57, 58]),
  poolOf(3, 2, [1, 1], [2, 34, 56, 57]),
  poolOf(3, 1, [1, 1], [2, 65, 29, 30]),
  poolOf(2, 2, [0, 0], [33, 17, 14, 13]),
  poolOf(3, 2, [1, 1], [1, 2, 260, 270]),
  poolOf(2, 2, [0, 0], [1, 65_537, 2, 2]),
  poolOf(2, 2, [0, 0], [far, 1, 2, 1 + 1]),
]

// ---- everything else, by the axes' letters -----------------------------------------------------------------------

const many: readonly Together[] = [
  { N: 66, C: 65, d0: 5, d1: 6, d2: 2, first: 5, last: 6, H: 5, W: 6 },
  { N: 3, C: 70, d0: 33, d1: 35, d2: 2, first: 33, last: 35, H: 33, W: 35 },
  { N: 2, C: 9, d0: 130, d1: 67, d2: 3, first: 130, last: 67, H: 130, W: 67 },
  { N: 2, C: 65_537, d0: 1, d1: 1, d2: 1, first: 1, last: 2, H: 1, W: 2 },
  { N: 4, C: 1, d0: 2, d1: 1, d2: 1, first: 2, last: 40_009, H: 2, W: 40_009 },
]

const cells: readonly Together[] = [
  { N: 18, I: 65, H: 257 },
  { N: 17, I: 300, H: 40 },
  { N: 66, I: 67, H: 65 },
]

const sequences: readonly Together[] = [
  { T: 2, N: 18, I: 65, H: 66 },
  { T: 9, N: 17, I: 20, H: 33 },
]

/** Which extents ops meet together, and how many axes they lie among. */
const joint: Readonly<Partial<Record<OpName, readonly Together[]>>> = {
  dense: [
    { N: 66, I: 70, O: 67 },
    { N: 130, I: 257, O: 136 },
    { N: 264, I: 270, O: 258 },
    { N: 520, I: 513, O: 504 },
    { N: 2, I: far, O: 2 },
    { N: 2, I: 1, O: farther },
    { N: farther, I: 1, O: 2 },
  ],
  maxout: [
    { N: 66, I: 70, O: 67, K: 3 },
    { N: 20, I: 65, O: 18, K: 9 },
    { N: 3, I: far, O: 1, K: 2 },
  ],
  rnnCell: cells,
  lstmCell: cells,
  gruCell: cells,
  rnn: sequences,
  lstm: sequences,
  gru: sequences,
  batchNormTraining: many,
  batchNormInference: many,
  localResponseNorm: many,
  globalAvgPool: many,
  scaleChannels: many,
  cce: [
    { N: 300, C: 301 },
    { N: 70, C: 1025 },
    { N: 1, C: far },
    { N: 2, C: farther },
    { N: farther, C: 2 },
  ],
  zScoreNormalize: [
    { N: 300, M: 20, D: 301 },
    { N: far, M: 2, D: 3 },
    { N: 3, M: 2, D: far },
  ],
}

const sharing: Readonly<Partial<Record<OpName, OpName>>> = {
  softmaxCrossEntropy: 'cce',
  minMaxNormalize: 'zScoreNormalize',
}

// hinge holds every class against every other
const inHinge: readonly Together[] = [
  { N: 300, C: 31 },
  { N: 70, C: 260 },
  { N: farther, C: 2 },
]

/** Rows of every rank along every axis: long ones, many of them, and both. */
const amongAxes: readonly Together[] = [
  { first: 2, last: 300 },
  { first: 300, last: 2 },
  { first: 33, last: 1000 },
  { first: 301, last: 65 },
  { first: 130, last: 261 },
  { first: 2, last: 1025 },
]

const farRows: readonly Together[] = [
  { first: 1, last: farther },
  { first: 300, last: 520 },
  { first: far, last: 3 },
]

// extents that differ, so that no axis can stand for another
const several = [3, 4, 5, 6, 2]

/** Every axis of every rank, counted from the front and from the end. */
const everyAxis = (op: OpName): readonly Form[] =>
  [2, 3, 4, 5].flatMap((rank) =>
    Array.from({ length: 2 * rank }, (_, at) => at - rank).map((axis): Form => {
      const shape = several.slice(0, rank)
      const other = shape.map((extent, i) => (i === (axis + rank) % rank ? extent + 1 : extent))
      return { attrs: { axis }, shapes: op === 'concat' ? { x0: shape, x1: other } : { x: shape }, fills: {} }
    }),
  )

/** Two operands of the same numbers. */
const alike = (first: string, second: string): Form => {
  const fill = { values: [0.5, -1.25, 2, 0.75, -3] }
  return { attrs: {}, shapes: { [first]: [3, 4], [second]: [3, 4] }, fills: { [first]: fill, [second]: fill } }
}
const operands: Readonly<Partial<Record<OpName, readonly [string, string]>>> = {
  add: ['a', 'b'],
  mul: ['a', 'b'],
  mse: ['prediction', 'target'],
}

const byElement: readonly Together[] = [
  { first: 301, last: 302 },
  { first: 3, last: far },
  { first: farther, last: 1 },
]

const jointly = (op: OpName, one: Subject, plain: (fixed: Row) => Row): readonly Form[] => {
  const [few = {}] = fc.sample(fc.record(one.few), { seed: 1, numRuns: 1 })
  const classesOf = (factor: string): readonly (string | undefined)[] =>
    one.factors.find(({ name }) => name === factor)?.classes ?? [undefined]
  const formOf = (fixed: Row, extents: Together, turn: number): Form =>
    one.form(one.turned(plain(fixed), turn % 3), { ...few, ...extents })
  // a long sum of mixed signs hides most; where no class of numbers is for all operands together, it is asked of one sign too
  const apartOnly = !one.factors.some(({ name }) => name === 'numbers')
  const ofOneSign = Object.fromEntries(
    one.factors
      .filter(({ name, classes }) => apartOnly && name.startsWith('data of ') && classes.includes('one sign'))
      .map(({ name }) => [name, 'one sign']),
  )
  const formsOf = (fixed: Row, extents: Together, turn: number): readonly Form[] => [
    formOf(fixed, extents, turn),
    ...(Object.keys(ofOneSign).length === 0 ? [] : [formOf({ ...fixed, ...ofOneSign }, extents, turn)]),
  ]
  if (op === 'softmax' || op === 'logSoftmax')
    return [
      ...classesOf('rank')
        .filter((rank) => Number(rank) > 1)
        .flatMap((rank = '2') =>
          classesOf('axis').flatMap((axis = '−1', at) =>
            amongAxes
              // of each pair of rank and axis some, of all of them all
              .filter((_, turn) => (turn + at + Number(rank)) % 3 === 0)
              .map((extents, turn) => formOf({ rank, axis }, extents, turn)),
          ),
        ),
      ...farRows.map((extents, turn) => formOf({}, extents, turn)),
    ]
  const axes = classesOf('axes')
  const extents = op === 'hinge' ? inHinge : (joint[op] ?? joint[sharing[op] ?? op])
  if (extents !== undefined)
    return extents.flatMap((together, turn) =>
      // an image of as many axes as there may be behind the channels
      (axes[0] === undefined
        ? [{}]
        : axes.filter((axis) => axis !== '0').map((axis) => ({ axes: axis as string }))
      ).flatMap((fixed, at) =>
        extents === many ? formsOf(fixed, together, turn + at) : [formOf(fixed, together, turn + at)],
      ),
    )
  return byElement.flatMap((together, turn) => formsOf({}, together, turn))
}

/**
 * The wide cases of an op in a direction. Those of products have their numbers turn by turn: apart, of one sign, and
 * integers.
 */
export const wideOf = (op: OpName, direction: Direction, one: Subject, plain: (fixed: Row) => Row): readonly Form[] => {
  const forms = ['conv1d', 'conv2d', 'convTranspose2d'].includes(op)
    ? convolutions(op, direction)
    : op === 'maxPool2d' || op === 'avgPool2d'
      ? pools().map((form, turn) =>
          op === 'maxPool2d' || turn % 2 === 0 ? form : { ...form, attrs: { ...form.attrs, countIncludePad: true } },
        )
      : [
          ...jointly(op, one, plain),
          ...(['softmax', 'logSoftmax', 'concat'].includes(op) ? everyAxis(op) : []),
          ...[operands[op] ?? []].flatMap(([first, second]) =>
            first === undefined || second === undefined ? [] : [alike(first, second)],
          ),
        ]
  const met = new Set<string>()
  return forms.filter((form) => {
    const key = JSON.stringify([form.attrs, form.shapes, form.fills])
    if (met.has(key) || !bearable(op, form)) return false
    met.add(key)
    return true
  })
}
