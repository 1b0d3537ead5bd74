import type { OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Row } from '../covering.js'
import { around, convolution, square } from '../miniature/convolutions.js'
import type { Layer } from '../miniature/convolutions.js'
import type { Levels, Mingled } from './levels.js'
import { inTurn, level, named } from './levels.js'

/** Convolutions whose windows, channels, batches and maps mingle: those that have kernels of their own, and others in turn. */

type Window = Pick<Layer, 'filter' | 'stride' | 'dilation' | 'padding' | 'outputPadding'>

/** Windows by name. Those of one name take turns. */
type Windows = Readonly<Record<string, readonly Window[]>>

const images: Windows = {
  '1×1': [{ filter: square(1) }],
  '1×1 by 2': [{ filter: square(1), stride: square(2) }],
  '3×3': [{ filter: square(3), padding: around(1) }, { filter: square(3) }],
  '3×3 by 2': [
    { filter: square(3), stride: square(2), padding: around(1) },
    { filter: square(3), stride: square(2), padding: [0, 1, 0, 1] },
  ],
  dilated: [
    { filter: square(3), dilation: square(2), padding: around(2) },
    { filter: square(3), dilation: square(2), stride: square(2), padding: around(2) },
    { filter: [3, 2], dilation: [1, 2], padding: [1, 1, 1, 1] },
    { filter: square(3), dilation: square(3), padding: around(3) },
  ],
  others: [
    { filter: square(5), padding: around(2) },
    { filter: square(4), stride: square(2), padding: around(1) },
    { filter: square(2), stride: square(2) },
    { filter: [1, 7], padding: [0, 0, 3, 3] },
    { filter: square(5), stride: square(2), padding: around(2) },
    { filter: square(4), stride: square(3), padding: [1, 0, 0, 1] },
    { filter: square(2), padding: [0, 1, 0, 1] },
    { filter: [5, 1], stride: [2, 2], padding: [2, 2, 0, 0] },
    { filter: square(7), padding: around(3) },
    { filter: square(3), stride: [2, 1], padding: around(1) },
    { filter: square(2) },
    { filter: square(5), stride: square(3) },
  ],
}
const sequences: Windows = {
  '1': [{ filter: [1] }, { filter: [1], stride: [2] }],
  '3': [{ filter: [3], padding: [1, 1] }, { filter: [3] }, { filter: [3], stride: [2], padding: [1, 1] }],
  others: [
    { filter: [5], padding: [2, 2] },
    { filter: [3], dilation: [2], padding: [4, 0] },
    { filter: [4], stride: [2], padding: [1, 1] },
    { filter: [2], stride: [2] },
    { filter: [7], stride: [3], padding: [3, 3] },
    { filter: [2], dilation: [4], padding: [4, 0] },
    { filter: [9], padding: [8, 0] },
    { filter: [3], stride: [2], dilation: [2], padding: [0, 2] },
  ],
}
const ups: Windows = {
  '2×2 by 2': [{ filter: square(2), stride: square(2) }],
  '4×4 by 2': [{ filter: square(4), stride: square(2), padding: around(1) }],
  '3×3 by 2': [
    { filter: square(3), stride: square(2), padding: around(1), outputPadding: [1, 1] },
    { filter: square(3), stride: square(2) },
  ],
  '3×3': [{ filter: square(3), padding: around(1) }],
  others: [
    { filter: square(1) },
    { filter: square(5), stride: square(2), padding: around(2), outputPadding: [1, 1] },
    { filter: square(3), dilation: square(2), padding: around(2) },
    { filter: [2, 3], stride: [2, 1], padding: [0, 0, 1, 1] },
    { filter: square(4), stride: square(3), padding: [0, 1, 1, 0] },
    { filter: square(3), stride: square(2), dilation: square(2), padding: around(1) },
    { filter: [1, 4], stride: [1, 2], padding: [0, 0, 1, 1] },
    { filter: square(1), stride: square(2) },
  ],
}

/** What is written of an image, row by row; of a transposed one, what is read. */
const maps: Readonly<Record<string, readonly Shape[]>> = {
  one: [[1, 1]],
  // of tiles of 2×2, of 4×4 and of 6×6 they leave what eights of tiles do not divide
  tall: [
    [17, 10],
    [25, 8],
    [18, 9],
  ],
  rows: [
    [1, 130],
    [1, 129],
    [1, 132],
  ],
}
const lengths: Readonly<Record<string, readonly Shape[]>> = {
  some: [[1], [33], [13], [40]],
  long: [[258], [131], [300]],
}

const samples: Levels = { few: [1, 2, 3], many: [17, 16, 20] }

/** Channels and filters. */
const depths: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  'few to some': [
    [3, 17],
    [6, 20],
    [5, 16],
    [1, 18],
  ],
  'some to few': [
    [17, 3],
    [20, 5],
    [16, 1],
    [33, 6],
  ],
  tens: [
    [9, 10],
    [12, 9],
    [8, 12],
  ],
  some: [
    [17, 20],
    [16, 16],
    [18, 17],
  ],
  many: [
    [66, 17],
    [34, 36],
    [20, 66],
    [40, 35],
  ],
}

const mingled = (
  transposed: boolean,
  windows: Windows,
  each: readonly string[],
  shapes: Readonly<Record<string, readonly Shape[]>>,
): Mingled => {
  return {
    factors: [
      // some windows over a channel each too, and all of them in groups by turns
      {
        name: 'layer',
        classes: [...Object.keys(windows), ...each.map((name) => `${name} each`), 'groups'],
      },
      { name: 'depth', classes: Object.keys(depths) },
      named('N', samples),
      { name: 'map', classes: Object.keys(shapes) },
      { name: 'bias', classes: ['given', 'absent'] },
    ],
    core: ['layer', 'depth', 'N', 'map'],
    form: (row, turn) => convolution(transposed, layer(transposed, windows, shapes, row, turn)),
    // multiply-adds: of a transposed one every pixel meets every tap
    cost: ({ shapes: { x = [], w = [] }, attrs }) => {
      const [N = 1, C = 1, ...image] = x
      const stride = attrs['stride'] as readonly number[]
      const positions = image.reduce(
        (n, extent, axis) => n * (transposed ? extent : Math.ceil(extent / (stride[axis] as number))),
        N,
      )
      return positions * w.reduce((n, extent) => n * extent, 1) + 4 * C * image.reduce((n, extent) => n * extent, N)
    },
    most: transposed ? 2e5 : 4e5,
  }
}

const layer = (
  transposed: boolean,
  windows: Windows,
  shapes: Readonly<Record<string, readonly Shape[]>>,
  row: Row,
  turn: number,
): Layer => {
  const name = row['layer'] as string
  const each = name.endsWith(' each')
  const grouped = name === 'groups'
  const window = inTurn(
    grouped ? Object.values(windows).flat() : (windows[name.replace(' each', '')] as readonly Window[]),
    turn,
    0,
  )
  const [C, O] = inTurn(depths[row['depth'] as string] as readonly (readonly [number, number])[], turn, 1)
  const groups = each ? C : grouped ? inTurn([2, 3, 4], turn, 4) : 1
  const map = inTurn(shapes[row['map'] as string] as readonly Shape[], turn, 2)
  const { filter, stride, dilation, padding = [] } = window
  // as many pixels as it takes, and some at the end that no window reaches
  const image = map.map((extent, axis) => {
    const s = stride?.[axis] ?? 1
    const span = (dilation?.[axis] ?? 1) * ((filter[axis] as number) - 1) + 1
    const padded = (padding[2 * axis] ?? 0) + (padding[2 * axis + 1] ?? 0)
    return transposed
      ? Math.max(Math.ceil(extent / s), Math.ceil((padded + 1 - span) / s) + 1)
      : Math.max(1, (extent - 1) * s + span + Math.floor(s * inTurn([0, 0.5, 0.9], turn, 5)) - padded)
  })
  return {
    ...window,
    N: level(samples, row, 'N', turn, 3),
    groups,
    C: grouped ? groups * Math.ceil(C / 2) : C,
    // one filter to a channel, or several
    O: each ? C * inTurn([1, 1, 2, 4], turn, 4) : grouped ? groups * Math.ceil(O / 2) : O,
    image,
    bias: row['bias'] === 'given',
  }
}

export const mingledConvolutions: Readonly<Partial<Record<OpName, () => Mingled>>> = {
  conv1d: () => mingled(false, sequences, ['3', 'others'], lengths),
  conv2d: () => mingled(false, images, ['3×3', '3×3 by 2', 'others'], maps),
  convTranspose2d: () => mingled(true, ups, ['4×4 by 2', 'others'], maps),
}
