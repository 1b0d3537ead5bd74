import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import { formOf } from './forms.js'

/** Convolutions of networks in small: stems, bodies, depthwise and grouped ones, many channels on few pixels, and up again. */

/** A convolution: whose batch is 2 and whose steps are 1 where nothing is said. */
export interface Layer {
  readonly N?: number
  /** channels, filters and groups, all in all */
  readonly C: number
  readonly O: number
  readonly groups?: number
  readonly image: Shape
  readonly filter: Shape
  readonly stride?: Shape
  readonly dilation?: Shape
  /** before and behind, axis by axis; as many zeros as there are, where it is left out */
  readonly padding?: Shape
  readonly bias?: boolean
  readonly outputPadding?: Shape
}

/** The form of one, of conv1d, conv2d, or the transposed one. */
export const convolution = (transposed: boolean, layer: Layer): Form => {
  const { N = 2, C, O, groups = 1, image, filter, bias = true, outputPadding } = layer
  const each = (value: number): Shape => image.map(() => value)
  return formOf(
    {
      stride: layer.stride ?? each(1),
      dilation: layer.dilation ?? each(1),
      padding: layer.padding ?? image.flatMap(() => [0, 0]),
      groups,
      ...(outputPadding === undefined ? {} : { outputPadding }),
    },
    {
      x: [N, C, ...image],
      w: transposed ? [C, O / groups, ...filter] : [O, C / groups, ...filter],
      ...(bias ? { b: [O] } : {}),
    },
  )
}

export const square = (value: number): Shape => [value, value]
export const around = (padding: number): Shape => [padding, padding, padding, padding]

/** First layers: few channels, many filters, a window and a stride of their own. */
const stems: readonly Layer[] = [
  {
    C: 3,
    O: 64,
    image: [9, 11],
    filter: square(3),
    padding: around(1),
    bias: false,
  },
  {
    C: 3,
    O: 32,
    image: [18, 17],
    filter: square(3),
    stride: square(2),
    padding: around(1),
  },
  {
    C: 3,
    O: 64,
    image: [23, 22],
    filter: square(7),
    stride: square(2),
    padding: around(3),
    bias: false,
  },
  {
    C: 3,
    O: 66,
    image: [31, 35],
    filter: square(11),
    stride: square(4),
    padding: around(2),
  },
  { C: 1, O: 34, image: [14, 13], filter: square(5), N: 9 },
  { C: 1, O: 33, image: [11, 12], filter: square(3), N: 17 },
  { C: 4, O: 32, image: [28, 29], filter: square(8), stride: square(4) },
  { C: 3, O: 40, image: [33, 34], filter: square(16), stride: square(16) },
  { C: 3, O: 34, image: [17, 18], filter: square(4), stride: square(4) },
]

/** What slides over an image: its sides, its steps, what lies around it. */
type Window = Pick<Layer, 'filter' | 'stride' | 'dilation' | 'padding' | 'outputPadding'>

/** The windows that kernels of their own are made for, which meet every size. */
const usual: readonly Window[] = [
  { filter: square(3), padding: around(1) },
  { filter: square(1) },
  { filter: square(3), stride: square(2), padding: around(1) },
]

const windows: readonly Window[] = [
  ...usual,
  { filter: square(1), stride: square(2) },
  // what "same" is where the stride is 2
  { filter: square(3), stride: square(2), padding: [0, 1, 0, 1] },
  { filter: square(3), dilation: square(2), padding: around(2) },
  { filter: square(3), dilation: square(4), padding: around(4) },
  { filter: square(3), dilation: square(6), padding: around(6) },
  { filter: square(5), padding: around(2) },
  { filter: square(5), stride: square(2), padding: around(2) },
  { filter: square(7), padding: around(3) },
  { filter: square(7), stride: square(2), padding: around(3) },
  { filter: square(2), stride: square(2) },
  { filter: square(4), stride: square(2), padding: around(1) },
  { filter: square(4), stride: square(4) },
  { filter: square(9), padding: around(4) },
  { filter: [1, 7], padding: [0, 0, 3, 3] },
  { filter: [7, 1], padding: [3, 3, 0, 0] },
  { filter: [1, 3], padding: [0, 0, 1, 1] },
  { filter: [3, 1], padding: [1, 1, 0, 0] },
  { filter: [3, 5], padding: [1, 1, 2, 2] },
  { filter: [5, 2], stride: [1, 2], padding: [2, 2, 1, 0] },
  { filter: square(3), stride: [2, 1], padding: around(1) },
  { filter: square(3), stride: [1, 2], padding: around(1) },
]

const sequenceWindows: readonly Window[] = [
  { filter: [3], padding: [1, 1] },
  { filter: [1] },
  { filter: [3], stride: [2], padding: [1, 1] },
  { filter: [3], padding: [2, 0] },
  { filter: [3], dilation: [2], padding: [2, 2] },
  { filter: [3], dilation: [4], padding: [8, 0] },
  { filter: [2], dilation: [8], padding: [8, 0] },
  { filter: [4], padding: [3, 0] },
  { filter: [4], stride: [2], padding: [1, 1] },
  { filter: [5], padding: [2, 2] },
  { filter: [7], padding: [3, 3] },
  { filter: [10], stride: [5] },
  { filter: [15], padding: [7, 7] },
  { filter: [31], padding: [15, 15] },
]

const upWindows: readonly Window[] = [
  { filter: square(2), stride: square(2) },
  { filter: square(4), stride: square(2), padding: around(1) },
  {
    filter: square(3),
    stride: square(2),
    padding: around(1),
    outputPadding: [1, 1],
  },
  { filter: square(3), padding: around(1) },
  { filter: square(1) },
  { filter: square(1), stride: square(2) },
  { filter: square(4), stride: square(4) },
  {
    filter: square(5),
    stride: square(2),
    padding: around(2),
    outputPadding: [1, 1],
  },
  { filter: square(3), dilation: square(2), padding: around(2) },
  { filter: square(8), stride: square(4), padding: around(2) },
  { filter: square(3), stride: square(2), outputPadding: [1, 0] },
  { filter: [1, 4], stride: [1, 2], padding: [0, 0, 1, 1] },
  { filter: [5, 3], padding: [2, 2, 1, 1] },
]

/** What is of some length: all in turn, of a training step; channels; the image; and few channels with many. */
interface Size {
  readonly N: number
  /** of all groups together, where one has several */
  readonly C: number
  readonly O: number
  readonly image: Shape
}

const sizes: readonly Size[] = [
  { N: 17, C: 18, O: 20, image: [6, 5] },
  { N: 2, C: 66, O: 68, image: [5, 4] },
  { N: 2, C: 10, O: 9, image: [29, 34] },
  { N: 3, C: 3, O: 66, image: [13, 12] },
  { N: 2, C: 66, O: 3, image: [17, 16] },
]
const sequenceSizes: readonly Size[] = [
  { N: 17, C: 18, O: 20, image: [24] },
  { N: 2, C: 66, O: 68, image: [19] },
  { N: 2, C: 18, O: 17, image: [515] },
  { N: 3, C: 1, O: 66, image: [131] },
  { N: 2, C: 66, O: 1, image: [130] },
]
const upSizes: readonly Size[] = [
  { N: 17, C: 18, O: 20, image: [4, 5] },
  { N: 2, C: 66, O: 68, image: [4, 3] },
  { N: 2, C: 10, O: 9, image: [21, 19] },
  { N: 3, C: 3, O: 66, image: [7, 6] },
  { N: 2, C: 66, O: 3, image: [7, 8] },
]

// as large as the window at least
const roomFor = ({ filter, dilation, padding }: Window, image: Shape): Shape =>
  image.map((extent, axis) => {
    const span = (dilation?.[axis] ?? 1) * ((filter[axis] as number) - 1) + 1
    return Math.max(extent, span - (padding?.[2 * axis] ?? 0) - (padding?.[2 * axis + 1] ?? 0))
  })

/**
 * Usual windows at every size; the others in a batch, and at another size, others for others. In groups, depthwise and with a multiplier they
 * take turns.
 */
const atSizes = (transposed: boolean, windows: readonly Window[], sizes: readonly Size[]): readonly Layer[] =>
  windows.flatMap((window, at): readonly Layer[] => {
    const size = (turn: number): Size => sizes[turn % sizes.length] as Size
    const laid = (turn: number, groups: (size: Size) => Pick<Layer, 'C' | 'O' | 'groups'>): Layer => {
      const one = size(turn)
      return {
        ...window,
        N: one.N,
        image: transposed ? one.image : roomFor(window, one.image),
        bias: (at + turn) % 2 === 0,
        ...groups(one),
      }
    }
    const full = (turn: number): Layer => laid(turn, ({ C, O }) => ({ C, O }))
    // depthwise layers have as many filters as channels: of the first three sizes
    const depthwise = (turn: number): Layer => laid(turn % 3, ({ C }) => ({ C: 2 * C, O: 2 * C, groups: 2 * C }))
    return [
      ...(at < usual.length ? sizes.map((_, turn) => full(turn)) : [full(0), full(1 + (at % 4))]),
      ...(at < usual.length ? [0, 1, 2].map(depthwise) : [depthwise(at), depthwise(at + 1)]),
      laid(at % 3, ({ C, O }) => {
        const groups = 2 + (at % 3)
        return {
          groups,
          C: groups * Math.ceil(C / groups),
          O: groups * Math.ceil(O / groups),
        }
      }),
      laid((at + 1) % 3, ({ C }) => ({ C, O: C * (2 + (at % 3)), groups: C })),
    ]
  })

/** Batches above 32 and 64 that neither divides. */
const batches: readonly Layer[] = [
  {
    N: 33,
    C: 16,
    O: 17,
    image: [5, 4],
    filter: square(3),
    padding: around(1),
    bias: false,
  },
  { N: 66, C: 9, O: 10, image: [4, 5], filter: square(3), padding: around(1) },
  {
    N: 65,
    C: 34,
    O: 34,
    groups: 34,
    image: [5, 4],
    filter: square(3),
    stride: square(2),
    padding: around(1),
  },
  { N: 130, C: 1, O: 9, image: [8, 9], filter: square(5) },
  { N: 65, C: 3, O: 17, image: [6, 5], filter: square(3), padding: around(1) },
]

/** Filters as tall as the image, and a row. */
const sided: readonly Layer[] = [
  {
    N: 3,
    C: 8,
    O: 16,
    groups: 8,
    image: [22, 17],
    filter: [22, 1],
    bias: false,
  },
  { N: 3, C: 9, O: 9, image: [1, 66], filter: [1, 15], padding: [0, 0, 7, 7] },
]

/** Last layers: many channels, many filters and a small image; groups and depthwise layers of many. */
const deep: readonly Layer[] = [
  {
    N: 1,
    C: 258,
    O: 260,
    image: [4, 5],
    filter: square(3),
    padding: around(1),
  },
  {
    N: 1,
    C: 17,
    O: 514,
    image: [8, 9],
    filter: square(3),
    padding: around(1),
    bias: false,
  },
  { N: 3, C: 1026, O: 1030, image: [1, 1], filter: square(1) },
  {
    C: 260,
    O: 258,
    groups: 2,
    image: [4, 5],
    filter: square(3),
    padding: around(1),
  },
  {
    C: 256,
    O: 256,
    groups: 32,
    image: [7, 6],
    filter: square(3),
    stride: square(2),
    padding: around(1),
    bias: false,
  },
  { C: 64, O: 72, groups: 8, image: [5, 6], filter: square(1) },
  { C: 34, O: 3, image: [17, 18], filter: square(9), padding: around(4), N: 1 },
  { C: 6, O: 48, groups: 3, image: [5, 6], filter: square(1) },
  {
    C: 16,
    O: 128,
    groups: 16,
    image: [7, 8],
    filter: square(3),
    stride: square(2),
    padding: around(1),
  },
  {
    C: 40,
    O: 40,
    groups: 40,
    image: [9, 10],
    filter: square(5),
    stride: square(2),
    padding: around(2),
  },
  {
    C: 24,
    O: 20,
    groups: 4,
    image: [13, 12],
    filter: square(9),
    padding: around(4),
  },
]

/** More positions than 14 bits count, over several channels, and where they are soon asked more than 16 bits do. */
const wide = (direction: Direction): readonly Layer[] => [
  ...(direction === 'forward' ? [{ C: 4, O: 8, image: [183, 180], filter: square(3), padding: around(1) }] : []),
  {
    N: 1,
    C: 9,
    O: 9,
    image: [130, 131],
    filter: square(3),
    padding: around(1),
    bias: false,
  },
  {
    N: 3,
    C: 18,
    O: 18,
    groups: 18,
    image: [75, 76],
    filter: square(3),
    padding: around(1),
  },
]

/** Sequences: long filters in groups, raw sound, and more weights than 20 bits count. */
const sequences: readonly Layer[] = [
  {
    N: 33,
    C: 16,
    O: 17,
    image: [66],
    filter: [5],
    padding: [4, 0],
    bias: false,
  },
  {
    C: 66,
    O: 65,
    image: [514],
    filter: [3],
    stride: [2],
    padding: [1, 1],
    bias: false,
  },
  {
    N: 1,
    C: 48,
    O: 48,
    groups: 16,
    image: [65],
    filter: [128],
    padding: [64, 64],
  },
  {
    C: 12,
    O: 8,
    groups: 4,
    image: [131],
    filter: [65],
    padding: [32, 32],
    bias: false,
  },
  { C: 1, O: 66, image: [900], filter: [400], stride: [160] },
  { N: 1, C: 5, O: 6, image: [4100], filter: [3], padding: [1, 1] },
  { C: 258, O: 260, image: [9], filter: [3], padding: [1, 1] },
  { N: 1, C: 1026, O: 1030, image: [2], filter: [1] },
]

/** Decoders: from many channels, into few, of noise, of a large image, and in groups to the sizes of an upsampling. */
const ups: readonly Layer[] = [
  {
    N: 33,
    C: 16,
    O: 9,
    image: [5, 4],
    filter: square(2),
    stride: square(2),
    bias: false,
  },
  {
    N: 17,
    C: 18,
    O: 18,
    groups: 18,
    image: [6, 5],
    filter: square(4),
    stride: square(2),
    padding: around(1),
  },
  { C: 130, O: 66, image: [5, 6], filter: square(2), stride: square(2) },
  {
    C: 130,
    O: 3,
    image: [6, 7],
    filter: square(4),
    stride: square(2),
    padding: around(1),
  },
  { N: 2, C: 100, O: 130, image: [1, 1], filter: square(4), bias: false },
  {
    C: 4,
    O: 4,
    groups: 4,
    image: [5, 6],
    filter: square(16),
    stride: square(8),
    padding: around(4),
    bias: false,
  },
  { C: 4, O: 8, image: [66, 67], filter: square(2), stride: square(2) },
  {
    N: 1,
    C: 258,
    O: 260,
    image: [4, 3],
    filter: square(3),
    padding: around(1),
  },
]

/** Those of each op. */
export const convolutionsOf: Readonly<Partial<Record<OpName, (direction: Direction) => readonly Layer[]>>> = {
  conv2d: (direction) => [
    ...atSizes(false, windows, sizes),
    ...stems,
    ...batches,
    ...sided,
    ...deep,
    ...wide(direction),
  ],
  conv1d: () => [...atSizes(false, sequenceWindows, sequenceSizes), ...sequences],
  convTranspose2d: () => [...atSizes(true, upWindows, upSizes), ...ups],
}

/**
 * A convolution of as many channels and filters as a GPU's tiles of 64 × 64 take on, with borders that not every tap reads: none
 * of an op that is no convolution. NaN is put into it.
 */
export const deepOf = (op: OpName): Form | undefined =>
  op === 'conv1d'
    ? convolution(false, { N: 3, C: 33, O: 34, image: [24], filter: [2], padding: [1, 0] })
    : op === 'conv2d' || op === 'convTranspose2d'
      ? convolution(op === 'convTranspose2d', {
          C: 33,
          O: 34,
          image: square(6),
          filter: square(2),
          padding: [1, 0, 0, 1],
        })
      : undefined

/** A convolution of many rows that are no multiple of 4 long, as kernels take four places of a row at once. NaN is put at their ends. */
export const raggedOf = (op: OpName): Form | undefined =>
  op === 'conv2d'
    ? formOf({}, { x: [4, 2, 18, 17], w: [4, 2, 3, 3], b: [4] })
    : op === 'convTranspose2d'
      ? formOf({ padding: [1, 1, 1, 1] }, { x: [4, 4, 16, 15], w: [4, 2, 3, 3], b: [2] })
      : undefined

/** A convolution of two groups with as many channels and pixels as blocks take. NaN is put into it. */
export const groupedOf = (op: OpName): Form | undefined =>
  op === 'conv1d'
    ? formOf({ padding: [1, 1], groups: 2 }, { x: [1, 8, 16], w: [4, 4, 3], b: [4] })
    : op === 'conv2d'
      ? formOf({ padding: [1, 1, 1, 1], groups: 2 }, { x: [1, 8, 8, 8], w: [4, 4, 3, 3], b: [4] })
      : op === 'convTranspose2d'
        ? formOf({ padding: [1, 1, 1, 1], groups: 2 }, { x: [1, 8, 8, 8], w: [8, 2, 3, 3], b: [4] })
        : undefined
