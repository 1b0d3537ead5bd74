import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { AttributeValue } from '../../spec/attributes.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { measure } from './extents.js'
import type { Row } from './covering.js'
import type { Drawn, Subject } from './subject.js'
import { apart, inNumbers, numberClasses, weighted } from './sums.js'

/**
 * Layers as people use them. What is used most has kernels of its own, which are chosen by several attributes and extents
 * at once: a 3×3 filter with stride 2 and no dilation, a product of one row, a batch of 32 with 128 units. Rows that cover
 * pairs and triples of classes, and axes that climb a ladder one at a time beside short ones, seldom meet those; these are
 * laid out one by one. The same in every run, whatever its seed.
 */

/**
 * Extents by octaves from 9 to 1,023: of each what tiles divide, odd multiples of 8, 16, 32 and 64, and what no tile
 * divides.
 */
const octaves: readonly (readonly number[])[] = [
  [12, 16, 9, 13],
  [24, 32, 17, 28],
  [48, 64, 33, 56, 40, 50],
  [96, 112, 65, 100, 80, 128],
  [192, 160, 224, 129, 200, 144],
  [320, 384, 448, 257, 300, 288, 272],
  [576, 640, 960, 513, 1000, 768],
]

const all = octaves.flat()

// two of each octave
const many = octaves.flatMap((octave, at) => [octave[at % 2] as number, octave[2 + (at % 2)] as number])

// one of each octave, others for others
const someOf = (turn: number): readonly number[] =>
  octaves.map((octave, at) => octave[(turn + at) % octave.length] as number)

// the partner of a long extent is short, and the other way round
const opposite = (list: readonly number[], at: number, most: number): number =>
  Math.min(most, list[list.length - 1 - at] as number)

/** What one of these may take, so that a software adapter answers in some hundredths of a second. */
const bearable = (op: OpName, form: Form): boolean => {
  const measured = measure(op, form)
  return E.isRight(measured) && measured.right.multiplyAdds <= 5e6 && measured.right.elements <= 160_000
}

// ---- convolutions ------------------------------------------------------------------------------------------------

export type Kind = 'full' | 'grouped' | 'depthwise' | 'depthwise with a multiplier'

export interface Window {
  readonly K: number
  readonly stride?: number
  readonly dilation?: number
  readonly kind?: Kind
  /** of each side, or before and behind */
  readonly padding?: readonly [number, number]
  readonly outputPadding?: number
}

export const same = (K: number, dilation = 1): readonly [number, number] => {
  const both = dilation * (K - 1)
  return [Math.floor(both / 2), Math.ceil(both / 2)]
}

export interface Extents {
  readonly N: number
  /** channels and filters of a group; a depthwise layer has its groups by `channels` */
  readonly channels: number
  readonly filters: number
  readonly image: Shape
  readonly bias: boolean
}

const groupsOf = (kind: Kind, { channels, filters }: Extents, turn: number): readonly [number, number, number] =>
  kind === 'full'
    ? [1, channels, filters]
    : kind === 'depthwise'
      ? [channels, 1, 1]
      : kind === 'depthwise with a multiplier'
        ? [channels, 1, 2 + (turn % 2)]
        : [2 + (turn % 3), channels, filters]

export const convolutionOf = (op: OpName, window: Window, extents: Extents, turn: number): Form => {
  const { K, stride = 1, dilation = 1, kind = 'full', padding = [0, 0], outputPadding = 0 } = window
  const { N, image, bias } = extents
  const [groups, Cg, Og] = groupsOf(kind, extents, turn)
  const each = (value: number): readonly number[] => image.map(() => value)
  const attrs: Readonly<Record<string, AttributeValue>> = {
    stride: each(stride),
    dilation: each(dilation),
    padding: image.flatMap(() => padding),
    groups,
    ...(op === 'convTranspose2d' && outputPadding > 0 ? { outputPadding: each(outputPadding) } : {}),
  }
  return {
    attrs,
    shapes: {
      x: [N, groups * Cg, ...image],
      w: op === 'convTranspose2d' ? [groups * Cg, Og, ...each(K)] : [groups * Og, Cg, ...each(K)],
      ...(bias ? { b: [groups * Og] } : {}),
    },
    fills: {},
  }
}

const kinds = ['full', 'grouped', 'depthwise', 'depthwise with a multiplier'] as const

/** Every usual filter with every usual stride, dilation and padding, in groups and not. */
const windowsOf = (op: OpName, filters: readonly number[], dilations: readonly number[]): readonly Window[] =>
  filters.flatMap((K) =>
    [1, 2, 3].flatMap((stride) =>
      (K === 1 || stride > (op === 'conv1d' ? 1 : 2)
        ? [1]
        : [...dilations, ...(stride === 1 && !dilations.includes(3) ? [3] : [])]
      ).flatMap((dilation) =>
        (op === 'conv1d' && (K > 5 || dilation > 2) ? (['full', 'depthwise'] as const) : kinds).flatMap(
          (kind): readonly Window[] => {
            const window = { K, stride, dilation, kind }
            const kept = same(K, dilation)
            if (op === 'convTranspose2d')
              return [
                window,
                ...(K === 1 ? [] : [{ ...window, padding: kept }]),
                ...(stride > 1 ? [{ ...window, padding: kept, outputPadding: 1 }] : []),
              ]
            return [
              window,
              ...(K === 1 ? [] : [{ ...window, padding: kept }]),
              // what "same" is where the stride is 2: the odd pixel of padding lies behind
              ...(K > 1 && stride > 1
                ? [{ ...window, padding: [kept[0] - 1 + (K % 2 === 0 ? 1 : 0), kept[1]] as const }]
                : []),
              // a sequence that looks back only
              ...(op === 'conv1d' && K > 1 ? [{ ...window, padding: [dilation * (K - 1), 0] as const }] : []),
            ]
          },
        ),
      ),
    ),
  )

const channelPairs = [
  [3, 8],
  [4, 4],
  [8, 6],
  [16, 16],
  [5, 7],
] as const

const byAttributes = (op: OpName, rank: 1 | 2): readonly Form[] =>
  windowsOf(
    op,
    rank === 1 ? [1, 2, 3, 4, 5, 7, 9, 15, 25] : [1, 2, 3, 4, 5, 7],
    rank === 1 ? [1, 2, 4, 8] : [1, 2],
  ).map((window, turn) => {
    const { K, dilation = 1, padding = [0, 0] } = window
    const [channels, filters] = channelPairs[turn % channelPairs.length] as readonly [number, number]
    const least = dilation * (K - 1) + 1 - padding[0] - padding[1]
    const long = (at: number): number =>
      op === 'convTranspose2d' ? 4 + ((turn + at) % 4) : Math.max(least, 0) + 5 + ((turn + 3 * at) % 4)
    return convolutionOf(
      op,
      window,
      {
        N: 1 + (turn % 3),
        channels: window.kind === 'grouped' ? Math.ceil(channels / 2) : channels,
        filters: window.kind === 'grouped' ? Math.ceil(filters / 2) : filters,
        image: rank === 1 ? [2 * long(0)] : [long(0), long(1)],
        bias: turn % 2 === 0,
      },
      turn,
    )
  })

/** The layers that networks are made of, each of which meets extents of every octave on every axis. */
const popular = (rank: 1 | 2): readonly Window[] => [
  { K: 3, padding: [1, 1] },
  { K: 1 },
  { K: 3, padding: [1, 1], kind: 'depthwise' },
  { K: 3, padding: [1, 1], stride: 2 },
  { K: 3, padding: [1, 1], stride: 2, kind: 'depthwise' },
  { K: 1, stride: 2 },
  { K: 3, padding: [2, 2], dilation: 2 },
  { K: 3, padding: [2, 2], dilation: 2, kind: 'depthwise' },
  { K: 3, padding: [1, 1], kind: 'grouped' },
  { K: 5, padding: [2, 2] },
  ...(rank === 2 ? [{ K: 4, padding: [1, 1] as const, stride: 2 }] : []),
]

const byExtents = (op: OpName, rank: 1 | 2): readonly Form[] =>
  popular(rank).flatMap((window, at) => {
    // of the most usual ones two of each octave, of the others one
    const list = at < 3 ? many : someOf(at)
    const other = (turn: number): number => 3 + (turn % 5)
    return list.flatMap((long, i): readonly Form[] => {
      const turn = at + i
      const few = { channels: 2 + (turn % 3), filters: 2 + ((turn + 1) % 3), bias: turn % 2 === 0 }
      const images: readonly Shape[] =
        rank === 1
          ? [[long]]
          : [
              [long, other(turn)],
              [other(turn + 2), long],
            ]
      const wide = images.map((image, k) =>
        convolutionOf(op, window, { ...few, N: k === 0 ? opposite(list, i, 129) : 1 + (turn % 2), image }, turn),
      )
      const small = rank === 1 ? [other(turn) + 2] : [other(turn), other(turn + 1)]
      const deep = [
        { channels: long, filters: opposite(list, i, 520) },
        ...(at < 2 && i % 2 === 0 ? [{ channels: 16 + (turn % 20), filters: long }] : []),
      ].map((channels) =>
        convolutionOf(op, window, { ...channels, N: 1 + (turn % 2), image: small, bias: turn % 2 === 1 }, turn),
      )
      return [...wide, ...deep]
    })
  })

// ---- pools -------------------------------------------------------------------------------------------------------

export const poolOf = (k: number, stride: number, [before, behind]: readonly [number, number], x: Shape): Form => ({
  attrs: {
    window: [k, k],
    ...(stride === k ? {} : { stride: [stride, stride] }),
    ...(before + behind === 0 ? {} : { padding: [before, behind, before, behind] }),
  },
  shapes: { x },
  fills: {},
})

const pools = (): readonly Form[] => {
  const windows = [2, 3, 4, 5, 7, 8].flatMap((k) =>
    [...new Set([1, 2, k])].flatMap((stride) =>
      [[0, 0] as const, same(k), ...(k === 3 ? [[0, 1] as const] : [])].map((padding) => ({ k, stride, padding })),
    ),
  )
  const usual = [
    { k: 2, stride: 2, padding: [0, 0] as const },
    { k: 3, stride: 2, padding: [1, 1] as const },
    { k: 3, stride: 1, padding: [1, 1] as const },
    { k: 3, stride: 2, padding: [0, 0] as const },
  ]
  return [
    // images of even and of odd sides
    ...windows.flatMap(({ k, stride, padding }, turn) =>
      [0, 1].map((odd) =>
        poolOf(k, stride, padding, [1 + (turn % 2), 2 + (turn % 3), k + 6 + ((k + odd) % 2), k + 5 + ((k + odd) % 2)]),
      ),
    ),
    // one window over all of the image, and four
    ...[7, 8, 13, 14, 28, 32, 56].flatMap((k) => [
      poolOf(k, k, [0, 0], [2, 3, k, k]),
      poolOf(k, k, [0, 0], [1, 2, 2 * k, 2 * k]),
    ]),
    ...usual.flatMap(({ k, stride, padding }, at) => {
      const list = at < 2 ? many : someOf(at)
      return list.flatMap((long, i) => {
        const short = 4 + ((at + i) % 4)
        const other = opposite(list, i, 129)
        return [
          poolOf(k, stride, padding, [other, 2, long, short]),
          poolOf(k, stride, padding, [2, 2 + (i % 3), short, long]),
          poolOf(k, stride, padding, [2, long, short, short + 1]),
        ]
      })
    }),
  ]
}

// ---- everything else, by the axes' letters -----------------------------------------------------------------------

/** Extents that are asked for together, of the axes that are named so; of the others few. */
export type Together = Readonly<Record<string, number>>

const triplesOf = (a: string, b: string, c: string, most: number): readonly Together[] => {
  const list = all.filter((extent) => extent <= most)
  return list.flatMap((long, i) => [
    // a product of one row, one column, and of all axes as long as a tile at least
    { [a]: 1, [b]: long, [c]: opposite(list, i, most) },
    { [a]: opposite(list, i, 200), [b]: long, [c]: 1 },
    { [a]: 17 + ((7 * i) % 48), [b]: long, [c]: 19 + ((11 * i) % 50) },
    { [a]: long, [b]: 18 + ((5 * i) % 40), [c]: 17 + ((13 * i) % 60) },
    { [a]: 17 + ((3 * i) % 30), [b]: 20 + ((7 * i) % 30), [c]: long },
  ])
}

const batches = [17, 48, 33, 96, 24, 32, 19, 64, 20, 40]

const recurrences = (gates: 1 | 3 | 4, steps: boolean): readonly Together[] => {
  // what several gates and their bounds cost grows with the square of the units
  const sizes =
    gates === 1 ? [17, 32, 24, 64, 40, 48, 65, 96, 100, 128] : steps ? [17, 32, 24, 40] : [17, 32, 24, 64, 40, 65]
  const T = (turn: number): Together => (steps ? { T: 2 + (turn % 3) } : {})
  return [
    ...sizes.flatMap((H, i) => {
      const I = sizes[(i + 3) % sizes.length] as number
      return [
        { ...T(i), N: 1, I, H },
        { ...T(i + 1), N: 17 + ((5 * i) % 20), I: 4 + (i % 5), H },
        { ...T(i + 2), N: batches[i] as number, I, H: 17 + ((11 * i) % 20) },
      ]
    }),
    ...(steps
      ? [
          { T: 28, N: 18, I: 28, H: 32 },
          { T: 12, N: 33, I: 20, H: 20 },
        ]
      : [
          { N: 1, I: 64, H: 192 },
          { N: 32, I: 192, H: 20 },
          { N: 20, I: 40, H: 130 },
        ]),
  ]
}

const planes = (): readonly Together[] =>
  all.flatMap((long, i) => [
    { N: 2 + (i % 3), C: long, d0: 1 + (i % 3), d1: 2, d2: 2 },
    { N: Math.min(long, 520), C: 2 + (i % 4), d0: 2 + (i % 2), d1: 2, H: 2, W: 3 },
    { N: 2, C: 2 + (i % 3), first: 2 + (i % 3), last: long, H: 2 + (i % 3), W: long },
  ])

const rowsOfClasses = (): readonly Together[] =>
  all.flatMap((long, i) => [
    { N: long, C: 2 + (i % 9) },
    { N: 2 + (i % 5), C: long },
  ])

const ends = (): readonly Together[] =>
  [...all, 5000, 8200, 30_000].flatMap((long, i) => [
    { d0: 2 + (i % 2), d1: 3, first: 2 + (i % 2), last: long },
    ...(long < 9000 ? [{ d0: 2, d1: 2, first: long, last: 2 + (i % 4) }] : []),
  ])

interface Joint {
  readonly extents: () => readonly Together[]
  /** the factor each class of which meets them */
  readonly each?: string
}

const inPlanes: Joint = { extents: planes }
const inClasses: Joint = { extents: rowsOfClasses, each: 'reduction' }
const byElement: Joint = {
  extents: () => someOf(0).map((long) => ({ first: 3, last: long })),
  each: 'reduction',
}

/** Which extents ops meet together. */
const joint: Readonly<Partial<Record<OpName, Joint>>> = {
  dense: { extents: () => triplesOf('N', 'I', 'O', 1023) },
  maxout: { extents: () => triplesOf('N', 'I', 'O', 300).map((one, i) => ({ ...one, K: 2 + (i % 3) })) },
  rnnCell: { extents: () => recurrences(1, false) },
  lstmCell: { extents: () => recurrences(4, false) },
  rnn: { extents: () => recurrences(1, true) },
  lstm: { extents: () => recurrences(4, true) },
  gruCell: { extents: () => recurrences(3, false) },
  gru: { extents: () => recurrences(3, true) },
  softmax: { extents: ends, each: 'axis' },
  logSoftmax: { extents: ends, each: 'axis' },
  batchNormTraining: inPlanes,
  batchNormInference: inPlanes,
  localResponseNorm: inPlanes,
  globalAvgPool: inPlanes,
  scaleChannels: inPlanes,
  cce: inClasses,
  softmaxCrossEntropy: inClasses,
  hinge: inClasses,
  mse: byElement,
  bce: byElement,
  bceWithLogits: byElement,
}

const convolutions = (op: OpName, direction: Direction): readonly Form[] => {
  const rank = op === 'conv1d' ? 1 : 2
  const choices = numberClasses(direction, weighted).slice(0, 3)
  return [...byAttributes(op, rank), ...byExtents(op, rank)].map((form, turn) => {
    const choice = choices[turn % choices.length] as string
    return choice === apart ? form : inNumbers(op, direction, weighted, choice, form)
  })
}

const jointly = (op: OpName, one: Subject, plain: (fixed: Row) => Row): readonly Form[] => {
  const { extents, each = '' } = joint[op] ?? { extents: () => [] }
  const classes = one.factors.find(({ name }) => name === each)?.classes
  const [few = {}] = fc.sample(fc.record(one.few), { seed: 1, numRuns: 1 })
  return (classes ?? [undefined]).flatMap((choice) => {
    const row = plain(choice === undefined ? {} : { [each]: choice })
    return extents().map((together, turn) => one.form(one.turned(row, turn % 3), { ...(few as Drawn), ...together }))
  })
}

/**
 * The usual layers of an op in a direction. Those of products have their numbers turn by turn: apart, of one sign, and
 * integers; the rest is as plain as it can be.
 */
export const usualOf = (
  op: OpName,
  direction: Direction,
  one: Subject,
  plain: (fixed: Row) => Row,
): readonly Form[] => {
  const forms = ['conv1d', 'conv2d', 'convTranspose2d'].includes(op)
    ? convolutions(op, direction)
    : op === 'maxPool2d'
      ? pools()
      : op === 'avgPool2d'
        ? pools().map((form, turn) =>
            turn % 2 === 0 ? form : { ...form, attrs: { ...form.attrs, countIncludePad: true } },
          )
        : jointly(op, one, plain)
  const met = new Set<string>()
  return forms.filter((form) => {
    const key = JSON.stringify([form.attrs, form.shapes])
    if (met.has(key) || !bearable(op, form)) return false
    met.add(key)
    return true
  })
}
