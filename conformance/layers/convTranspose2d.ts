import { either as E, function as F } from 'fp-ts'
import type { AttributeValue } from '../../spec/attributes.js'
import type { AttrsOf } from '../../spec/catalogue.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate } from '../../spec/tensor.js'
import { inSums, weighted } from '../coverage/sums.js'
import type { Example, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { part, rearranged } from '../vocabulary/arrange.js'
import { another, at, equal, equals, exactly, named } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { linearLayerLaws } from '../vocabulary/laws.js'
import { biasIsAddedThroughout, onePixelStamps } from '../vocabulary/taps.js'
import { anyBias, cropped, integers, padded, plain } from '../vocabulary/windows.js'

const noPadding = { padding: [0, 0, 0, 0], outputPadding: [0, 0] } as const

const paddingCrops: Law = {
  name: 'padding takes rows and columns off what is made without it',
  claims: ({ attrs, inputs }, ask) => {
    const [top, , left] = attrs['padding'] as readonly [number, number, number, number]
    return F.pipe(
      E.Do,
      E.bind('part', () => ask('forward', attrs, inputs)),
      E.bind('all', () => ask('forward', { ...attrs, padding: [0, 0, 0, 0] }, inputs)),
      E.map(({ part, all }) => {
        const [, , Ho = 0, Wo = 0] = named(part.values, 'y').shape
        return [equal('y', part, cropped(all, 'y', [top, left], [Ho, Wo]))]
      }),
    )
  },
}

const outputPaddingAdds: Law = {
  name: 'outputPadding adds rows at the bottom and columns at the right, which are the bias where no padding was',
  claims: ({ attrs, inputs }, ask) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const [dh, dw] = attrs['dilation'] as readonly [number, number]
    const [below, after] = [Math.max(sh, dh) - 1, Math.max(sw, dw) - 1]
    const b = inputs['b']
    return F.pipe(
      E.Do,
      E.bind('without', () => ask('forward', { ...attrs, ...noPadding }, inputs)),
      E.bind('with', () => ask('forward', { ...attrs, ...noPadding, outputPadding: [below, after] }, inputs)),
      E.map(({ without, with: grown }) => {
        const [, , H = 0, W = 0] = named(without.values, 'y').shape
        const y = named(grown.values, 'y')
        const [, O = 0, Ho = 0, Wo = 0] = y.shape
        const bordered = generate(y.shape, (i) => {
          const [o, r, s] = [Math.floor(i / (Ho * Wo)) % O, Math.floor(i / Wo) % Ho, i % Wo]
          return r < H && s < W ? at(y, i) : b === undefined ? 0 : at(b, o)
        })
        return [
          equal('y', cropped(grown, 'y', [0, 0], [H, W]), without),
          exactly(y, bordered),
          exactly(array([Ho, Wo]), array([H + below, W + after])),
        ]
      }),
    )
  },
}

const stamps: Law = {
  name: 'a single 1 stamps the filter, its taps a dilation apart',
  claims: (_, ask, draw) => {
    const [i, j] = [draw.integer(0, 2), draw.integer(0, 3)]
    const x = generate([1, 1, 3, 4], (place) => (place === i * 4 + j ? 1 : 0))
    const w = another(draw, [1, 2, 2, 3])
    const [sh, sw, dh, dw] = [draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3)]
    const attrs: Readonly<Record<string, AttributeValue>> = {
      stride: [sh, sw],
      dilation: [dh, dw],
      groups: 1,
      ...noPadding,
    }
    return F.pipe(
      ask('forward', attrs, { x, w }),
      E.map((answer) => {
        const { shape } = named(answer.values, 'y')
        const [, , Ho = 0, Wo = 0] = shape
        const want = generate(shape, (flat) => {
          const [o, r, s] = [Math.floor(flat / (Ho * Wo)), Math.floor(flat / Wo) % Ho, flat % Wo]
          const [kh, kw] = [(r - i * sh) / dh, (s - j * sw) / dw]
          const inside = Number.isInteger(kh) && Number.isInteger(kw) && kh >= 0 && kh < 2 && kw >= 0 && kw < 3
          return inside ? at(w, (o * 2 + kh) * 3 + kw) : 0
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

const shifts: Law = {
  name: 'shifting the image by one shifts the map by the stride',
  claims: ({ attrs }, ask, draw) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const still = { stride: [sh, sw], dilation: attrs['dilation'] as readonly number[], groups: 1, ...noPadding }
    const [x, w] = [another(draw, [2, 3, 4, 5]), another(draw, [3, 2, 2, 3])]
    // a row above and a column before, of zeros
    const moved = padded(x, [1, 0, 1, 0])
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', still, { x, w })),
      E.bind('after', () => ask('forward', still, { x: moved, w })),
      E.map(({ before, after }) => {
        const [, , Ho = 0, Wo = 0] = named(before.values, 'y').shape
        return [equal('y', cropped(after, 'y', [sh, sw], [Ho, Wo]), before)]
      }),
    )
  },
}

const groupsAlone: Law = {
  name: 'groups are convolutions side by side',
  claims: ({ attrs }, ask, draw) => {
    const both = { ...attrs, ...noPadding, groups: 2 }
    const [x, w] = [another(draw, [1, 4, 3, 4]), another(draw, [4, 3, 2, 2])]
    const half = (tensor: Tensor, axis: number, which: number): Tensor => {
      const extent = (tensor.shape[axis] as number) / 2
      return part(axis, which * extent, (which + 1) * extent, tensor)
    }
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', both, { x, w })),
      E.bind('first', () => ask('forward', { ...both, groups: 1 }, { x: half(x, 1, 0), w: half(w, 0, 0) })),
      E.bind('second', () => ask('forward', { ...both, groups: 1 }, { x: half(x, 1, 1), w: half(w, 0, 1) })),
      E.map(({ all, first, second }) =>
        [first, second].map((alone, which) =>
          equal(
            'y',
            rearranged((y) => half(y, 1, which), 'y', all),
            alone,
          ),
        ),
      ),
    )
  },
}

// ONNX's test cases of ConvTranspose: the image 0 … 8, two filters of 3×3 ones
const ofOnnx = (
  name: string,
  attrs: Partial<AttrsOf<'convTranspose2d'>>,
  rows: readonly (readonly number[])[],
): Example<'convTranspose2d'> => ({
  name: `ONNX’s ${name}`,
  attrs,
  inputs: { x: generate([1, 1, 3, 3], (i) => i), w: filled([1, 2, 3, 3], 1) },
  outputs: { y: array([[rows, rows]]) },
  source: 'ONNX, test cases of ConvTranspose',
})

const [high, middle, low] = [
  [0, 0, 1, 1, 3, 2, 2, 0],
  [3, 3, 7, 4, 9, 5, 5, 0],
  [6, 6, 13, 7, 15, 8, 8, 0],
]

export const convTranspose2d = questionsAbout('convTranspose2d', {
  corners: [
    form('one pixel, one filter of one tap', {}, plain([1, 1], [1, 1])),
    form('one pixel becomes the filter', {}, { x: [1, 1, 1, 1], w: [1, 3, 3, 2], b: [3] }),
    form('whole numbers: a 3×3 image, a 3×3 filter', {}, plain([3, 3], [3, 3]), { x: 'ties', w: 'ties' }),
    form(
      'twice as large: a 4×4 filter by 2, as in DCGAN',
      { stride: [2, 2], padding: [1, 1, 1, 1] },
      { x: [2, 6, 4, 4], w: [6, 3, 4, 4], b: [3] },
    ),
    form('padding leaves one pixel', { padding: [1, 1, 0, 2] }, plain([2, 2], [2, 2])),
    form('padding wider than the filter', { padding: [3, 2, 2, 3] }, { x: [2, 2, 6, 7], w: [2, 3, 2, 2], b: [3] }),
    form('stride larger than the filter leaves gaps', { stride: [3, 4] }, { x: [2, 3, 3, 4], w: [3, 2, 2, 2], b: [2] }),
    form(
      'dilation and stride share a divisor',
      { stride: [2, 4], dilation: [4, 2] },
      { x: [2, 1, 4, 3], w: [1, 2, 3, 3] },
    ),
    form(
      'outputPadding at its most: stride − 1',
      { stride: [3, 2], outputPadding: [2, 1] },
      { x: [2, 2, 3, 4], w: [2, 3, 2, 3], b: [3] },
    ),
    form(
      'outputPadding at its most: dilation − 1',
      { dilation: [2, 4], outputPadding: [1, 3] },
      { x: [2, 2, 4, 3], w: [2, 2, 3, 2], b: [2] },
    ),
    form(
      'outputPadding gives back what padding took',
      { stride: [2, 3], padding: [0, 2, 1, 2], outputPadding: [1, 2] },
      { x: [2, 2, 4, 3], w: [2, 2, 3, 4] },
    ),
    form(
      'every attribute at once',
      { stride: [2, 3], padding: [2, 1, 0, 3], dilation: [3, 2], groups: 2, outputPadding: [2, 1] },
      { x: [3, 6, 5, 4], w: [6, 2, 3, 4], b: [4] },
    ),
    form('depthwise', { groups: 6, padding: [1, 1, 1, 1] }, { x: [3, 6, 5, 7], w: [6, 2, 3, 3], b: [12] }),
    form('one row, one column', { stride: [1, 2] }, { x: [3, 2, 1, 7], w: [2, 3, 5, 1] }),
    form('many channels to one', {}, { x: [1, 64, 3, 3], w: [64, 1, 3, 3], b: [1] }),
    form('1×1 filters at 15, 16 and 17 channels', {}, { x: [2, 17, 4, 4], w: [17, 15, 1, 1], b: [15] }),
    form('16 by 16', {}, { x: [1, 16, 16, 16], w: [16, 16, 1, 1], b: [16] }),
    form('33 channels, 31 columns', {}, { x: [1, 33, 2, 31], w: [33, 3, 1, 3] }),
    form('63 outputs of 65 channels', {}, { x: [1, 65, 1, 8], w: [65, 63, 1, 1], b: [63] }),
    form('64 outputs, 64 positions', {}, { x: [1, 2, 8, 8], w: [2, 64, 1, 1] }),
    form('65 outputs on 127 columns', {}, { x: [1, 2, 1, 125], w: [2, 65, 1, 3] }),
    form('255, 256 and 257', {}, { x: [1, 1, 1, 256], w: [1, 255, 1, 2] }),
    form(
      'a batch and map of 4608 positions for each weight',
      { padding: [1, 1, 1, 1] },
      { x: [8, 16, 24, 24], w: [16, 2, 3, 3] },
    ),
    form('sums of 1152 products', { padding: [1, 1, 1, 1] }, { x: [1, 128, 6, 6], w: [128, 16, 3, 3], b: [16] }),
    form('more outputs than one row of workgroups', {}, { x: [1, 1, 2048, 2049], w: [1, 1, 1, 1], b: [1] }),
    ...inSums(
      'convTranspose2d',
      weighted,
      form('sums of 1152 products', { padding: [1, 1, 1, 1] }, { x: [1, 128, 6, 6], w: [128, 16, 3, 3], b: [16] }),
    ),
    ...inSums(
      'convTranspose2d',
      weighted,
      form(
        '64 filters on 32 channels',
        { stride: [2, 2], padding: [1, 1, 1, 1] },
        { x: [1, 32, 14, 14], w: [32, 64, 4, 4], b: [64] },
      ),
      ['integers'],
    ),
  ],
  random: (draw) => {
    const [groups, Cg, Og] = [draw.pick([1, 1, 2, 3]), draw.integer(1, 4), draw.integer(1, 3)]
    const [stride, dilation] = [integers(draw, 2, [1, 3]), integers(draw, 2, [1, 3])]
    const most = (axis: 0 | 1): number => Math.max(stride[axis] as number, dilation[axis] as number) - 1
    return {
      attrs: {
        stride,
        padding: integers(draw, 4, [0, 3]),
        dilation,
        groups,
        ...(draw.uniform() < 0.5 ? { outputPadding: [draw.integer(0, most(0)), draw.integer(0, most(1))] } : {}),
      },
      shapes: {
        x: [draw.integer(1, 4), groups * Cg, ...integers(draw, 2, [1, 7])],
        w: [groups * Cg, Og, ...integers(draw, 2, [1, 4])],
        ...anyBias(draw, groups * Og),
      },
      fills: {},
    }
  },
  laws: [
    ...linearLayerLaws,
    onePixelStamps,
    biasIsAddedThroughout,
    paddingCrops,
    outputPaddingAdds,
    stamps,
    shifts,
    groupsAlone,
  ],
  worked: [
    ofOnnx('ConvTranspose, defaults', {}, [
      [0, 1, 3, 3, 2],
      [3, 8, 15, 12, 7],
      [9, 21, 36, 27, 15],
      [9, 20, 33, 24, 13],
      [6, 13, 21, 15, 8],
    ]),
    ofOnnx('strides [3,2] and output_padding [1,1]', { stride: [3, 2], outputPadding: [1, 1] }, [
      ...[high, high, high, middle, middle, middle, low, low, low],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ]),
    ofOnnx('strides [3,2] and pads 1 above and below, 2 left and right', { stride: [3, 2], padding: [1, 1, 2, 2] }, [
      [1, 1, 3],
      [1, 1, 3],
      [7, 4, 9],
      [7, 4, 9],
      [7, 4, 9],
      [13, 7, 15],
      [13, 7, 15],
    ]),
    {
      name: 'ONNX’s dilations [2,2]',
      attrs: { dilation: [2, 2] },
      inputs: {
        x: { shape: [1, 1, 3, 3], data: [3, 8, 1, 9, 5, 7, 3, 2, 6] },
        w: { shape: [1, 1, 2, 2], data: [7, 2, 1, 9] },
      },
      outputs: {
        y: {
          shape: [1, 1, 5, 5],
          data: [
            ...[21, 56, 13, 16, 2],
            ...[63, 35, 67, 10, 14],
            ...[24, 22, 76, 76, 21],
            ...[9, 5, 88, 45, 63],
            ...[3, 2, 33, 18, 54],
          ],
        },
      },
      source: 'ONNX, test cases of ConvTranspose',
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'products + at1(b, output)', replace: 'products' },
    {
      name: 'padding: left and top swapped',
      direction: 'forward',
      find: 'r + top - kh * dh',
      replace: 'r + left - kh * dh',
      unseenAt: form('', { padding: [1, 1, 1, 1] }, { x: [1, 1, 4, 4], w: [1, 1, 3, 3] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 's + left - kw * dw, sw, W',
      replace: 's + left - kw * dw, sh, W',
      unseenAt: form('', { stride: [2, 2] }, { x: [1, 1, 3, 3], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dilation of the columns taken from the rows',
      direction: 'forward',
      find: 's + left - kw * dw',
      replace: 's + left - kw * dh',
      unseenAt: form('', { dilation: [2, 2] }, { x: [1, 1, 3, 3], w: [1, 1, 2, 2] }),
    },
    {
      name: 'filter flipped, as a convolution of the image would have it',
      direction: 'forward',
      find: 'at4(w, group * Cg + c, o, kh, kw)',
      replace: 'at4(w, group * Cg + c, o, KH - 1 - kh, KW - 1 - kw)',
      unseenAt: form('', {}, { x: [1, 1, 4, 4], w: [1, 1, 3, 3] }, { w: { constant: 0.5 } }),
    },
    {
      name: 'the group of the channel forgotten',
      direction: 'forward',
      find: 'at4(x, n, group * Cg + c, i, j)',
      replace: 'at4(x, n, c, i, j)',
      unseenAt: form('', {}, { x: [1, 2, 3, 3], w: [2, 2, 3, 3] }),
    },
    {
      name: 'weights of a conv2d: outputs first',
      direction: 'forward',
      find: 'at4(w, group * Cg + c, o, kh, kw)',
      replace: 'w.data[((o * C + group * Cg + c) * KH + kh) * KW + kw]',
      unseenAt: form('', {}, { x: [1, 1, 3, 3], w: [1, 2, 3, 3] }),
    },
    {
      name: 'the last row of the image left out',
      direction: 'forward',
      find: 'windowReading(r + top - kh * dh, sh, H)',
      replace: 'windowReading(r + top - kh * dh, sh, H - 1)',
    },
    {
      name: 'dx: padding forgotten',
      direction: 'backward',
      find: 'i * sh - top',
      replace: 'i * sh',
      unseenAt: form('', {}, { x: [1, 1, 3, 3], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dx: stride forgotten',
      direction: 'backward',
      find: 'j * sw - left',
      replace: 'j - left',
      unseenAt: form('', {}, { x: [1, 1, 3, 3], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dx: filter flipped',
      direction: 'backward',
      find: 'at4(w, c, o, kh, kw)',
      replace: 'at4(w, c, o, KH - 1 - kh, kw)',
    },
    {
      name: 'dw: groups ignored',
      direction: 'backward',
      find: 'at4OrZero(dy, n, output,',
      replace: 'at4OrZero(dy, n, o,',
      unseenAt: form('', {}, { x: [1, 2, 3, 3], w: [2, 2, 3, 3] }),
    },
    {
      name: 'dw: the dilation of the columns taken from the rows',
      direction: 'backward',
      find: 'kw * dw - left]',
      replace: 'kw * dh - left]',
    },
    {
      name: 'dw: only the first sample',
      direction: 'backward',
      find: '(n, i, j) => at4(x, n, c, i, j)',
      replace: '(n, i, j) => at4(x, 0, c, i, j)',
      unseenAt: form('', {}, { x: [1, 1, 3, 3], w: [1, 1, 3, 3] }),
    },
    {
      name: 'db: over the extents of the image, not of the map',
      direction: 'backward',
      find: 'sum3(N, Ho, Wo, (n, r, s)',
      replace: 'sum3(N, Math.min(H, Ho), Math.min(W, Wo), (n, r, s)',
    },
  ],
})
