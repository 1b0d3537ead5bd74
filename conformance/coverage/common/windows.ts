import type { AttributeValue } from '../../../spec/attributes.js'
import type { OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import type { Row } from '../covering.js'
import { formOf } from '../miniature/forms.js'
import { factor } from '../subject.js'
import type { Table } from './arrays.js'
import { named, of, rowsOf } from './arrays.js'

/** Convolutions and pools: the very filter, stride and padding, images and channels. */

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
const strides: Table<Shape> = { '1': [1, 1], '2': [2, 2], '1 by 2': [1, 2], '2 by 1': [2, 1] }
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

const arrayOf2d = (): readonly Form[] =>
  rowsOf(
    'conv2d',
    4,
    [
      factor('filter', '3×3', '1×1', '2×2', '5×5', '1×3', '3×1', '3×2', '2×3'),
      named('channels', channels),
      named('image', images),
      named('stride', strides),
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
          stride: of(strides, row, 'stride'),
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
              // either image with either filter
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

export const conv2d = (): readonly Form[] => [...arrayOf2d(), ...plainLayers(), ...oneSided()]

const smallImages: Table<Shape> = { square: [4, 4], 'one by one': [1, 1], higher: [5, 3], wider: [3, 4] }

export const convTranspose2d = (): readonly Form[] =>
  rowsOf(
    'convTranspose2d',
    4,
    [
      factor('filter', '3×3', '2×2', '4×4', '1×1', '3×2', '1×3'),
      named('channels', channels),
      named('image', smallImages),
      named('stride', strides),
      factor('padding', 'none', 'one all round', 'half'),
      factor('batch', 'one', 'some'),
      factor('more', '0', '1'),
      factor('dilation', '1', '2'),
    ],
    (row, turn) => {
      const filter = sizeOfFilter(row['filter'])
      const dilation = Number(row['dilation'])
      const stride = of(strides, row, 'stride')
      // no more than a step leaves room for
      const more = stride.map((s) => (row['more'] === '1' && Math.max(s, dilation) > 1 ? 1 : 0))
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

export const conv1d = (): readonly Form[] =>
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

const maps: Table<Shape> = { some: [2, 3], one: [1, 1], channels: [1, 3], images: [3, 1] }

const arrayOfPools = (op: OpName): readonly Form[] =>
  rowsOf(
    op,
    4,
    [
      factor('window', '2×2', '3×3', '1×2', '2×1', '3×2', '4×4'),
      factor('stride', 'the window', ...Object.keys(strides)),
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
          ...(row['stride'] === 'the window' ? {} : { stride: of(strides, row, 'stride') }),
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

export const pool = (op: OpName): readonly Form[] => [...arrayOfPools(op), ...plainPools()]
