import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate, zeros } from '../../spec/tensor.js'
import { adjointIn, another, batchSplits, equals, linearIn, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'

// x and w of an image of one channel and one filter
const plain = (H: number, W: number, KH: number, KW: number) => ({ x: [1, 1, H, W], w: [1, 1, KH, KW] })

const shifts: Law = {
  name: 'shifting the image by the stride shifts the map',
  claims: ({ attrs }, ask, draw) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const still = {
      stride: [sh, sw],
      padding: [0, 0, 0, 0],
      dilation: attrs['dilation'] as readonly number[],
      groups: 1,
    }
    const x = another(draw, [1, 2, 12 + sh, 12 + sw])
    const w = another(draw, [3, 2, 2, 3])
    const moved = generate([1, 2, 12, 12], (i) => {
      const [c, r, s] = [Math.floor(i / 144), Math.floor(i / 12) % 12, i % 12]
      return x.data[(c * (12 + sh) + r + sh) * (12 + sw) + s + sw] as number
    })
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', still, { x, w })),
      E.bind('part', () => ask('forward', still, { x: moved, w })),
      E.map(({ all, part }) => {
        const [, O = 0, Ho = 0, Wo = 0] = named(part.values, 'y').shape
        const [, , Hall = 0, Wall = 0] = named(all.values, 'y').shape
        const pick = (from: typeof all.values) =>
          generate([1, O, Ho, Wo], (i) => {
            const [o, r, s] = [Math.floor(i / (Ho * Wo)), Math.floor(i / Wo) % Ho, i % Wo]
            return named(from, 'y').data[(o * Hall + r + 1) * Wall + s + 1] as number
          })
        return [{ got: named(part.values, 'y'), want: pick(all.values), allowed: pick(all.slack) }]
      }),
    )
  },
}

const delta: Law = {
  name: 'a filter of a single 1 picks one pixel of each window',
  claims: (_, ask, draw) => {
    const x = another(draw, [2, 1, 6, 7])
    const w = { ...zeros([1, 1, 3, 2]), data: [0, 0, 0, 1, 0, 0] } // row 1, column 1
    return F.pipe(
      ask('forward', { stride: [2, 1], padding: [1, 0, 2, 1], dilation: [1, 2], groups: 1 }, { x, w }),
      E.map((answer) => {
        const { shape } = named(answer.values, 'y')
        const [, , Ho = 0, Wo = 0] = shape
        const want = generate(shape, (i) => {
          const [n, r, s] = [Math.floor(i / (Ho * Wo)), Math.floor(i / Wo) % Ho, i % Wo]
          const [row, column] = [2 * r + 1 - 1, s + 2 - 2]
          return row < 0 || row >= 6 || column < 0 || column >= 7 ? 0 : (x.data[(n * 6 + row) * 7 + column] as number)
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

export const conv2d: Questions = {
  corners: [
    form('one pixel, one filter of one tap', {}, plain(1, 1, 1, 1)),
    form('the slide: 5×5 image, 3×3 filter', {}, plain(5, 5, 3, 3), { x: 'ties', w: 'ties' }),
    form('the filter covers the padded image', { padding: [1, 0, 0, 2] }, plain(2, 3, 3, 5)),
    form('padding wider than the filter', { padding: [3, 2, 4, 3] }, { x: [2, 2, 3, 4], w: [3, 2, 2, 2], b: [3] }),
    form('stride larger than the filter', { stride: [3, 4] }, { x: [2, 3, 10, 11], w: [2, 3, 2, 2], b: [2] }),
    form(
      'dilation and stride share a divisor',
      { stride: [2, 4], dilation: [4, 2] },
      { x: [2, 1, 13, 12], w: [2, 1, 3, 3] },
    ),
    form(
      'every attribute at once',
      { stride: [2, 3], padding: [2, 1, 0, 3], dilation: [3, 2], groups: 2 },
      { x: [3, 4, 11, 12], w: [6, 2, 3, 4], b: [6] },
    ),
    form('depthwise', { groups: 6, padding: [1, 1, 1, 1] }, { x: [3, 6, 5, 7], w: [12, 1, 3, 3], b: [12] }),
    form('one output, a long sum', {}, { x: [1, 64, 4, 4], w: [1, 64, 4, 4], b: [1] }),
    form('1×1 filters at 15, 16 and 17 channels', {}, { x: [2, 17, 4, 4], w: [15, 17, 1, 1], b: [15] }),
    form('16 by 16', {}, { x: [1, 16, 16, 16], w: [16, 16, 1, 1], b: [16] }),
    form('33 filters, 31 columns', {}, { x: [1, 3, 2, 33], w: [33, 3, 1, 3] }),
    form('32 filters on 32 channels', {}, { x: [1, 32, 3, 11], w: [32, 32, 1, 1] }),
    form('63 outputs of 65 channels', {}, { x: [1, 65, 1, 8], w: [63, 65, 1, 1], b: [63] }),
    form('64 filters, 64 positions', {}, { x: [1, 2, 8, 8], w: [64, 2, 1, 1] }),
    form('65 filters on 127 columns', {}, { x: [1, 2, 1, 129], w: [65, 2, 1, 3] }),
    form('255, 256 and 257', {}, { x: [1, 1, 1, 257], w: [255, 1, 1, 2] }),
    form('256 filters', {}, { x: [1, 256, 1, 2], w: [256, 256, 1, 1] }),
    form(
      'a batch and map of 4608 positions for each weight',
      { padding: [1, 1, 1, 1] },
      { x: [8, 2, 24, 24], w: [16, 2, 3, 3] },
    ),
    form('sums of 1152 products', { padding: [1, 1, 1, 1] }, { x: [1, 128, 6, 6], w: [16, 128, 3, 3], b: [16] }),
    form('more outputs than one row of workgroups', {}, { x: [1, 1, 2048, 2049], w: [1, 1, 1, 1], b: [1] }),
  ],
  random: (draw) => {
    const [groups, Cg, Og] = [draw.pick([1, 1, 2, 3]), draw.integer(1, 4), draw.integer(1, 3)]
    const [KH, KW] = [draw.integer(1, 4), draw.integer(1, 4)]
    const shapes = {
      x: [draw.integer(1, 4), groups * Cg, draw.integer(1, 12), draw.integer(1, 12)],
      w: [groups * Og, Cg, KH, KW],
      ...(draw.uniform() < 0.7 ? { b: [groups * Og] } : {}),
    }
    return {
      attrs: {
        stride: [draw.integer(1, 3), draw.integer(1, 3)],
        padding: [draw.integer(0, 3), draw.integer(0, 3), draw.integer(0, 3), draw.integer(0, 3)],
        dilation: [draw.integer(1, 3), draw.integer(1, 3)],
        groups,
      },
      shapes,
      fills: {},
    }
  },
  laws: [
    linearIn('x', ['b']),
    linearIn('w', ['b']),
    adjointIn('x', 'y', ['b']),
    adjointIn('w', 'y', ['b']),
    batchSplits(['x']),
    shifts,
    delta,
  ],
  worked: [
    {
      name: 'the 5×5 image and the 3×3 filter of the slide',
      direction: 'forward',
      attrs: { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 },
      inputs: {
        x: { shape: [1, 1, 5, 5], data: [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0] },
        w: { shape: [1, 1, 3, 3], data: [1, 0, 1, 0, 1, 0, 1, 0, 1] },
      },
      outputs: { y: { shape: [1, 1, 3, 3], data: [4, 3, 4, 2, 4, 3, 2, 3, 4] } },
      source: slide('Convolutional layer (CONV)'),
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'products + at1(b, o)', replace: 'products' },
    {
      name: 'padding: left and top swapped',
      direction: 'forward',
      find: 'i * sh + kh * dh - top, j * sw + kw * dw - left',
      nth: 0,
      replace: 'i * sh + kh * dh - left, j * sw + kw * dw - top',
      unseenAt: form('', { padding: [1, 1, 1, 1] }, { x: [1, 1, 4, 4], w: [1, 1, 3, 3] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 'i * sh + kh * dh - top, j * sw + kw * dw - left',
      nth: 0,
      replace: 'i * sw + kh * dh - top, j * sh + kw * dw - left',
      unseenAt: form('', { stride: [2, 2] }, { x: [1, 1, 5, 5], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dilation axes swapped',
      direction: 'forward',
      find: 'i * sh + kh * dh - top, j * sw + kw * dw - left',
      nth: 0,
      replace: 'i * sh + kh * dw - top, j * sw + kw * dh - left',
    },
    {
      name: 'groups ignored',
      direction: 'forward',
      find: 'first + c,',
      nth: 0,
      replace: 'c,',
      unseenAt: form('', {}, { x: [1, 2, 4, 4], w: [2, 2, 3, 3] }),
    },
    {
      name: 'filter flipped',
      direction: 'forward',
      find: 'at4(w, o, c, kh, kw)',
      replace: 'at4(w, o, c, KH - 1 - kh, kw)',
    },
    { name: 'dx: padding forgotten', direction: 'backward', find: 'r + top - kh * dh', replace: 'r - kh * dh' },
    {
      name: 'dx: dilation axes swapped',
      direction: 'backward',
      find: 'r + top - kh * dh',
      replace: 'r + top - kh * dw',
      unseenAt: form('', { padding: [1, 1, 1, 1] }, { x: [1, 1, 4, 4], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dx: the group of the output forgotten',
      direction: 'backward',
      find: 'at4(w, group * Og + o, c, kh, kw)',
      replace: 'at4(w, o, c, kh, kw)',
    },
    {
      name: 'dw: the stride of the columns taken from the rows',
      direction: 'backward',
      find: 'j * sw + kw * dw - left',
      nth: 1,
      replace: 'j * sh + kw * dw - left',
    },
    {
      name: 'dw: one position short',
      direction: 'backward',
      find: 'sum3(N, Ho, Wo, (n, i, j) =>',
      nth: 0,
      replace: 'sum3(N, Ho, Wo - 1, (n, i, j) =>',
    },
    {
      name: 'db: only the first sample',
      direction: 'backward',
      find: 'sum3(N, Ho, Wo, (n, i, j) => at4(dy',
      replace: 'sum3(1, Ho, Wo, (n, i, j) => at4(dy',
    },
  ],
}
