import { either as E } from 'fp-ts'
import type { AttributeValue } from '../../spec/attributes.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { acceptable } from '../form.js'
import type { Factor, Row } from './covering.js'
import { covering } from './covering.js'
import { measure } from './extents.js'
import { formOf } from './miniature/forms.js'
import type { Drawn, Subject } from './subject.js'
import { factor } from './subject.js'

/**
 * Small layers by what people write down of them: the very filter, step and padding, and whether an image is square, higher
 * or wider, of one channel or of eight. Classes say that a filter is one-sided and a step differs by axis; a report names four
 * or five things at once, “a 3×2 filter padded by one all round with stride 2, more than one channel”. So any four of these
 * meet. The same in every run, whatever its seed.
 */

type Table<A> = Readonly<Record<string, A>>

const named = <A>(name: string, table: Table<A>): Factor => factor(name, ...Object.keys(table))
const of = <A>(table: Table<A>, row: Partial<Row>, name: string): A => table[row[name] as string] as A

/** Rows in which any four classes meet, or any three. */
const rowsOf = (
  op: OpName,
  strength: 3 | 4,
  factors: readonly Factor[],
  form: (row: Row, turn: number) => Form,
): readonly Form[] => {
  const whole = (row: Partial<Row>): row is Row => factors.every(({ name }) => row[name] !== undefined)
  const { rows } = covering(factors, {
    strength,
    seed: `common ${op}`,
    possible: (row) => !whole(row) || acceptable(op, form(row, 0)),
  })
  return rows.map(form)
}

// ---- convolutions ------------------------------------------------------------------------------------------------

/** Groups, and channels and filters of each. */
const channels: Table<readonly [groups: number, Cg: number, Og: number]> = {
  few: [1, 3, 5],
  'one to one': [1, 1, 1],
  'one to few': [1, 1, 3],
  'few to one': [1, 3, 1],
  eights: [1, 8, 8],
  depthwise: [4, 1, 1],
  grouped: [2, 2, 3],
}
const steps: Table<Shape> = { '1': [1, 1], '2': [2, 2], '1 by 2': [1, 2], '2 by 1': [2, 1] }
const paddings = ['none', 'one all round', 'half', 'behind'] as const

const paddingOf = (choice: string | undefined, spans: Shape): Shape =>
  spans.flatMap((span) =>
    choice === 'none'
      ? [0, 0]
      : choice === 'one all round'
        ? [1, 1]
        : choice === 'half'
          ? [Math.floor((span - 1) / 2), Math.floor((span - 1) / 2)]
          : choice === 'before'
            ? [span - 1, 0]
            : [0, 1],
  )

const convolution = (
  op: OpName,
  image: Shape,
  filter: Shape,
  row: Row,
  attrs: Readonly<Record<string, AttributeValue>>,
  turn: number,
): Form => {
  const [groups, Cg, Og] = of(channels, row, 'channels')
  const across = op === 'convTranspose2d' ? [groups * Cg, Og] : [groups * Og, Cg]
  return formOf(
    { ...attrs, ...(groups === 1 ? {} : { groups }) },
    {
      x: [row['batch'] === 'one' ? 1 : 3, groups * Cg, ...image],
      w: [...across, ...filter],
      ...(turn % 2 === 0 ? { b: [groups * Og] } : {}),
    },
  )
}

const sizeOfFilter = (text: string | undefined): Shape => (text ?? '').split('×').map(Number)

const images: Table<Shape> = {
  'odd square': [7, 7],
  'even square': [6, 6],
  higher: [9, 5],
  wider: [5, 8],
  'wider by far': [5, 12],
  'higher by far': [12, 5],
}

const conv2d = (): readonly Form[] =>
  rowsOf(
    'conv2d',
    4,
    [
      factor('filter', '3×3', '1×1', '2×2', '5×5', '1×3', '3×1', '3×2', '2×3'),
      named('channels', channels),
      named('image', images),
      named('stride', steps),
      factor('padding', ...paddings),
      factor('batch', 'one', 'some'),
      factor('dilation', '1', '2'),
    ],
    (row, turn) => {
      const filter = sizeOfFilter(row['filter'])
      const dilation = Number(row['dilation'])
      const spans = filter.map((K) => dilation * (K - 1) + 1)
      return convolution(
        'conv2d',
        of(images, row, 'image'),
        filter,
        row,
        {
          stride: of(steps, row, 'stride'),
          padding: paddingOf(row['padding'], spans),
          ...(dilation === 1 ? {} : { dilation: [dilation, dilation] }),
        },
        turn,
      )
    },
  )

/** The plainest layers over images that leave each remainder of eight across, as high as wide, higher and wider. */
const plainLayers = (): readonly Form[] =>
  [5, 6, 7, 8, 9, 10, 11, 12].flatMap((W, turn) =>
    [W, W + 3, W - 3].flatMap((H) =>
      [1, 3].flatMap((K) =>
        [1, 2].flatMap((stride) =>
          ['eights', 'few'].map((choice, at) =>
            convolution(
              'conv2d',
              [H, W],
              [K, K],
              { batch: 'one', channels: choice },
              { stride: [stride, stride], padding: paddingOf('half', [K, K]) },
              turn + at,
            ),
          ),
        ),
      ),
    ),
  )

/** Filters of one row or one column, short and long, of every number of channels. */
const oneSided = (): readonly Form[] =>
  [2, 4, 5, 7].flatMap((K) =>
    [
      [1, K],
      [K, 1],
    ].flatMap((filter, side) =>
      Object.keys(channels).flatMap((choice, turn) =>
        ['none', 'half'].flatMap((padding) =>
          ['one', 'some'].map((batch, at) =>
            convolution(
              'conv2d',
              side === at ? [8, 11] : [11, 7],
              filter,
              { batch, channels: choice },
              { padding: paddingOf(padding, filter) },
              turn + side,
            ),
          ),
        ),
      ),
    ),
  )

const smallImages: Table<Shape> = { square: [4, 4], 'one by one': [1, 1], higher: [5, 3], wider: [3, 4] }

const convTranspose2d = (): readonly Form[] =>
  rowsOf(
    'convTranspose2d',
    4,
    [
      factor('filter', '3×3', '2×2', '4×4', '1×1', '3×2', '1×3'),
      named('channels', channels),
      named('image', smallImages),
      named('stride', steps),
      factor('padding', 'none', 'one all round', 'half'),
      factor('batch', 'one', 'some'),
      factor('more', '0', '1'),
      factor('dilation', '1', '2'),
    ],
    (row, turn) => {
      const filter = sizeOfFilter(row['filter'])
      const dilation = Number(row['dilation'])
      const stride = of(steps, row, 'stride')
      // no more than a step leaves room for
      const more = stride.map((step) => (row['more'] === '1' && Math.max(step, dilation) > 1 ? 1 : 0))
      return convolution(
        'convTranspose2d',
        of(smallImages, row, 'image'),
        filter,
        row,
        {
          stride,
          padding: paddingOf(
            row['padding'],
            filter.map((K) => dilation * (K - 1) + 1),
          ),
          ...(more.includes(1) ? { outputPadding: more } : {}),
          ...(dilation === 1 ? {} : { dilation: [dilation, dilation] }),
        },
        turn,
      )
    },
  )

const conv1d = (): readonly Form[] =>
  rowsOf(
    'conv1d',
    4,
    [
      factor('filter', '3', '1', '2', '4', '5'),
      named('channels', channels),
      factor('length', '9', '8', '12', '130'),
      factor('stride', '1', '2', '3'),
      factor('padding', ...paddings, 'before'),
      factor('batch', 'one', 'some'),
      factor('dilation', '1', '2', '3'),
    ],
    (row, turn) => {
      const filter = sizeOfFilter(row['filter'])
      const dilation = Number(row['dilation'])
      return convolution(
        'conv1d',
        [Number(row['length'])],
        filter,
        row,
        {
          stride: [Number(row['stride'])],
          padding: paddingOf(
            row['padding'],
            filter.map((K) => dilation * (K - 1) + 1),
          ),
          ...(dilation === 1 ? {} : { dilation: [dilation] }),
        },
        turn,
      )
    },
  )

// ---- pools -------------------------------------------------------------------------------------------------------

const maps: Table<Shape> = { some: [2, 3], one: [1, 1], channels: [1, 3], images: [3, 1] }

const pool = (op: OpName): readonly Form[] =>
  rowsOf(
    op,
    4,
    [
      factor('window', '2×2', '3×3', '1×2', '2×1', '3×2', '4×4'),
      factor('stride', 'the window', ...Object.keys(steps)),
      factor('padding', 'none', 'one all round', 'half', 'behind'),
      named('maps', maps),
      named('image', images),
      ...(op === 'avgPool2d' ? [factor('padding counts', 'no', 'yes')] : []),
    ],
    (row) => {
      const window = sizeOfFilter(row['window'])
      return formOf(
        {
          window,
          ...(row['stride'] === 'the window' ? {} : { stride: of(steps, row, 'stride') }),
          padding: paddingOf(row['padding'], window),
          ...(row['padding counts'] === 'yes' ? { countIncludePad: true } : {}),
        },
        { x: [...of(maps, row, 'maps'), ...of(images, row, 'image')] },
      )
    },
  )

/** The plainest windows over every image, of one map and of several. */
const plainPools = (): readonly Form[] =>
  [2, 3].flatMap((K) =>
    Object.values(images).flatMap((image) =>
      Object.values(maps).map((each) => formOf({ window: [K, K], stride: [2, 2] }, { x: [...each, ...image] })),
    ),
  )

// ---- pieces ------------------------------------------------------------------------------------------------------

const ranks = [1, 2, 3, 4] as const
const everyAxis = ranks.flatMap((rank) => Array.from({ length: rank }, (_, axis) => `${axis} of ${rank}`))

/** The extents of so many pieces along their axis. */
const pieces: Table<(count: number) => Shape> = {
  alike: (count) => Array.from({ length: count }, () => 3),
  'one before more': (count) => Array.from({ length: count }, (_, q) => (q === 0 ? 1 : 4)),
  'one behind more': (count) => Array.from({ length: count }, (_, q) => (q === count - 1 ? 1 : 4)),
  ones: (count) => Array.from({ length: count }, () => 1),
  growing: (count) => Array.from({ length: count }, (_, q) => q + 2),
  eights: (count) => Array.from({ length: count }, () => 8),
  'four over sixteens': (count) => Array.from({ length: count }, () => 180),
}
const others: Table<Shape> = { odd: [3, 5, 3, 7], ones: [1, 1, 1, 1], fours: [4, 8, 4, 4], 'one before': [1, 3, 2, 5] }

const concat = (): readonly Form[] =>
  rowsOf(
    'concat',
    3,
    [
      factor('axis', ...everyAxis),
      factor('inputs', '2', '1', '3', '4', '5'),
      named('pieces', pieces),
      named('others', others),
    ],
    (row) => {
      const [axis = 0, rank = 1] = (row['axis'] ?? '').split(' of ').map(Number)
      const beside = of(others, row, 'others').slice(0, rank)
      return formOf(
        { axis },
        Object.fromEntries(
          of(
            pieces,
            row,
            'pieces',
          )(Number(row['inputs'])).map((extent, q) => [
            `x${q}`,
            beside.map((other, at) => (at === axis ? extent : other)),
          ]),
        ),
      )
    },
  )

// ---- everything else ---------------------------------------------------------------------------------------------

const product = (lists: readonly (readonly number[])[]): readonly Shape[] =>
  lists.reduce<readonly Shape[]>((all, list) => all.flatMap((before) => list.map((at) => [...before, at])), [[]])

// 1, odd, and a multiple of four, no two axes alike
const odd = [3, 5, 7, 9, 3]
const fours = [8, 4, 16, 12, 4]

/** Every shape of a rank whose extents are 1 or odd; up to three axes, multiples of four as well. */
const shapesOf = (rank: number): readonly Shape[] =>
  product(Array.from({ length: rank }, (_, at) => [1, odd[at] as number, ...(rank <= 3 ? [fours[at] as number] : [])]))

const alongAnAxis = (): readonly Form[] =>
  ranks.flatMap((rank) =>
    shapesOf(rank).flatMap((x) => Array.from({ length: rank }, (_, axis) => formOf({ axis }, { x }))),
  )

/** Each axis of an op 1, odd, or a multiple of four. */
const everyExtent = ({ few, factors, ladder, form }: Subject, plain: (fixed: Row) => Row): readonly Form[] => {
  const ranked = factors.find(({ name }) => name === 'rank' || name === 'axes')
  const own = Object.keys(few).filter((name) => name in ladder && !/^(first|last)$/.test(name))
  const listed = Object.keys(few).filter((name) => /^d\d$/.test(name))
  const behind: readonly (readonly [Row, readonly string[]])[] =
    ranked === undefined
      ? [[plain({}), [...own, ...listed]]]
      : ranked.classes.map((choice) => [
          plain({ [ranked.name]: choice }),
          [...(ranked.name === 'axes' ? ['N', 'C'] : []), ...listed.slice(0, Number(choice))],
        ])
  return behind.flatMap(([row, names]) =>
    shapesOf(names.length).map((extents) =>
      form(row, { ...leastOf(few), ...Object.fromEntries(names.map((name, at) => [name, extents[at] as number])) }),
    ),
  )
}

const leastOf = (few: Subject['few']): Drawn =>
  Object.fromEntries(Object.keys(few).map((name) => [name, name === 'key0' || name === 'key1' ? 7 : 2]))

const own: Readonly<Partial<Record<OpName, (op: OpName) => readonly Form[]>>> = {
  conv2d: () => [...conv2d(), ...plainLayers(), ...oneSided()],
  conv1d,
  convTranspose2d,
  maxPool2d: (op) => [...pool(op), ...plainPools()],
  avgPool2d: (op) => [...pool(op), ...plainPools()],
  concat,
  softmax: alongAnAxis,
  logSoftmax: alongAnAxis,
}

// what was worked out serves both directions
const known = new Map<OpName, readonly Form[]>()

/** Small layers of an op by what people write down of them. */
export const commonOf = (
  op: OpName,
  direction: Direction,
  one: Subject,
  plain: (fixed: Row) => Row,
): readonly Form[] => {
  const made = own[op]
  const forms = made === undefined ? everyExtent(one, plain) : (known.get(op) ?? made(op))
  if (made !== undefined) known.set(op, forms)
  return [...forms, ...(rowOps.includes(op) ? farRows(op) : []), ...(largeOf[op]?.[direction] ?? [])].filter(
    (form) => acceptable(op, form) && E.isRight(measure(op, form)),
  )
}

// ---- rows far from 0 -----------------------------------------------------------------------------------------------

// the largest of a row is none of its zeros: at −104 an exponential in f32 is 0, at 89 it is Infinity
const rowLengths = [4, 5, 16, 65, 130, 257, 1030] as const
const farRows = (op: OpName): readonly Form[] =>
  rowLengths.flatMap((C) =>
    [1, 4, 9].flatMap((N) =>
      [-110, -1000, 110, 1000].map((mean) => {
        const far = { mean, scale: 3 }
        return op === 'softmax' || op === 'logSoftmax'
          ? formOf({}, { x: [N, C] }, { x: far })
          : formOf({}, { logits: [N, C], target: [N, C] }, { logits: far, target: 'oneHot' })
      }),
    ),
  )
const rowOps: readonly OpName[] = ['softmax', 'logSoftmax', 'softmaxCrossEntropy']

// ---- large -------------------------------------------------------------------------------------------------------

const board = (side: Shape, K: number, stride: number): Form =>
  formOf(
    { padding: [1, 1, 1, 1].map((one) => one * Math.floor(K / 2)), stride: [stride, stride] },
    { x: [1, 1, ...side], w: [1, 1, K, K], b: [1] },
  )

// one map of one channel that is large, a filter longer than a workgroup, and windows past 256 both ways
const boards = [
  board([200, 200], 3, 1),
  board([256, 256], 3, 1),
  board([250, 300], 3, 1),
  board([256, 256], 5, 1),
  board([225, 300], 3, 2),
  formOf({}, { x: [1, 1, 1, 800], w: [1, 1, 1, 257] }),
  formOf({}, { x: [1, 1, 800, 1], w: [1, 1, 257, 1] }),
]
const long = (C: number, dilation: number, stride: number): Form =>
  formOf(
    { dilation: [dilation], stride: [stride], padding: [dilation, dilation] },
    { x: [1, C, 8200], w: [2, C, 3], b: [2] },
  )
const voices = [long(128, 1, 1), long(128, 2, 1), long(130, 3, 1), long(128, 1, 2)]
// of ones, which a mean over all of them is again
const sweeping = [257, 300].map((window) =>
  formOf({ window: [window, window] }, { x: [1, 1, window, window] }, { x: { constant: 1 } }),
)
const channelsOf = (C: number): Readonly<Record<string, Shape>> =>
  Object.fromEntries(['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => [name, [C]]))
const normed = [
  formOf({}, { x: [16, 64, 35, 35], ...channelsOf(64) }, { runningVar: 'positive' }),
  formOf({}, { x: [16, 64, 32, 32], ...channelsOf(64) }, { runningVar: 'positive' }),
]

const inBoth = (forms: readonly Form[]) => ({ forward: forms, backward: forms })

const largeOf: Readonly<Partial<Record<OpName, Readonly<Partial<Record<Direction, readonly Form[]>>>>>> = {
  conv2d: inBoth(boards),
  conv1d: inBoth(voices),
  avgPool2d: inBoth(sweeping),
  maxPool2d: inBoth(sweeping),
  batchNormTraining: inBoth(normed),
  batchNormInference: inBoth(normed),
  // more rows than 21 bits count
  dense: { forward: [formOf({}, { x: [2 ** 21 + 1, 2], w: [1, 2] })] },
}
