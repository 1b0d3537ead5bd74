import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate } from '../../spec/tensor.js'
import { inSums, weighted } from '../coverage/sums.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, equals, named } from '../vocabulary/claims.js'
import { linearLayerLaws } from '../vocabulary/laws.js'
import { biasIsAddedThroughout, oneTapPicks } from '../vocabulary/taps.js'
import { anyBias, integers, plain, shifts } from '../vocabulary/windows.js'

const moved = shifts('shifting the image by the stride shifts the map', ({ stride, dilation }, draw) => {
  const [sh, sw] = stride as readonly [number, number]
  const [dh, dw] = dilation as readonly [number, number]
  return {
    attrs: { stride: [sh, sw], padding: [0, 0, 0, 0], dilation: [dh, dw], groups: 1 },
    stride: [sh, sw],
    x: another(draw, [1, 2, dh + 7 + sh, 2 * dw + 7 + sw]),
    parameters: { w: another(draw, [3, 2, 2, 3]) },
  }
})

const delta: Law = {
  name: 'a filter of a single 1 picks one pixel of each window',
  claims: (_, ask, draw) => {
    const x = another(draw, [2, 1, 6, 7])
    const w = { shape: [1, 1, 3, 2], data: [0, 0, 0, 1, 0, 0] } // row 1, column 1
    return F.pipe(
      ask('forward', { stride: [2, 1], padding: [1, 0, 2, 1], dilation: [1, 2], groups: 1 }, { x, w }),
      E.map((answer) => {
        const { shape } = named(answer.values, 'y')
        const [, , Ho = 0, Wo = 0] = shape
        const want = generate(shape, (i) => {
          const [n, r, s] = [Math.floor(i / (Ho * Wo)), Math.floor(i / Wo) % Ho, i % Wo]
          const [row, column] = [2 * r + 1 - 1, s + 2 - 2]
          return row < 0 || row >= 6 || column < 0 || column >= 7 ? 0 : at(x, (n * 6 + row) * 7 + column)
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

export const conv2d = questionsAbout('conv2d', {
  corners: [
    form('one pixel, one filter of one tap', {}, plain([1, 1], [1, 1])),
    form('the slide: 5×5 image, 3×3 filter', {}, plain([5, 5], [3, 3]), { x: 'ties', w: 'ties' }),
    form('the filter covers the padded image', { padding: [1, 0, 0, 2] }, plain([2, 3], [3, 5])),
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
    ...inSums(
      'conv2d',
      weighted,
      form('sums of 1152 products', { padding: [1, 1, 1, 1] }, { x: [1, 128, 6, 6], w: [16, 128, 3, 3], b: [16] }),
    ),
    ...inSums(
      'conv2d',
      weighted,
      form('64 filters on 32 channels', { padding: [1, 1, 1, 1] }, { x: [1, 32, 28, 28], w: [64, 32, 3, 3], b: [64] }),
      ['integers'],
    ),
  ],
  random: (draw) => {
    const [groups, Cg, Og] = [draw.pick([1, 1, 2, 3]), draw.integer(1, 4), draw.integer(1, 3)]
    const filter = integers(draw, 2, [1, 4])
    const x = [draw.integer(1, 4), groups * Cg, ...integers(draw, 2, [1, 12])]
    return {
      shapes: { x, w: [groups * Og, Cg, ...filter], ...anyBias(draw, groups * Og) },
      attrs: {
        stride: integers(draw, 2, [1, 3]),
        padding: integers(draw, 4, [0, 3]),
        dilation: integers(draw, 2, [1, 3]),
        groups,
      },
      fills: {},
    }
  },
  laws: [...linearLayerLaws, oneTapPicks, biasIsAddedThroughout, moved, delta],
  worked: [
    {
      name: 'the 5×5 image and the 3×3 filter of the slide',
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
      find: 'padding: [top, , left]',
      replace: 'padding: [left, , top]',
      unseenAt: form('', { padding: [1, 1, 1, 1] }, { x: [1, 1, 4, 4], w: [1, 1, 3, 3] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 'stride: [sh, sw]',
      replace: 'stride: [sw, sh]',
      unseenAt: form('', { stride: [2, 2] }, { x: [1, 1, 5, 5], w: [1, 1, 3, 3] }),
    },
    {
      name: 'dilation axes swapped',
      direction: 'forward',
      find: 'row + kh * dh, column + kw * dw',
      replace: 'row + kh * dw, column + kw * dh',
    },
    {
      name: 'groups ignored',
      direction: 'forward',
      find: 'first + c,',
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
      find: 'column + j * sw',
      replace: 'column + j * sh',
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
})
