import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import { inSums, weighted } from '../coverage/sums.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { rearranged, reversed } from '../vocabulary/arrange.js'
import { another, at, equal, equals, named } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { invariant, linearLayerLaws } from '../vocabulary/laws.js'
import { biasIsAddedThroughout, oneTapPicks } from '../vocabulary/taps.js'
import { anyBias, integers, padded, plain, shifts } from '../vocabulary/windows.js'

const later = shifts('what happens a stride later is answered a step later', ({ stride, dilation }, draw) => {
  const [[s], [d]] = [stride as readonly [number], dilation as readonly [number]]
  return {
    attrs: { stride: [s], padding: [0, 0], dilation: [d], groups: 1 },
    stride: [s],
    x: another(draw, [2, 3, 2 * d + 8 + s]),
    parameters: { w: another(draw, [2, 3, 3]) },
  }
})

const paddingIsZeros = invariant('padding is zeros before and after', 'y', ({ attrs, inputs }) => ({
  attrs: { ...attrs, padding: [0, 0] },
  inputs: { ...inputs, x: padded(named(inputs, 'x'), attrs['padding'] as readonly number[]) },
}))

const delta: Law = {
  name: 'a filter of a single 1 picks one place of each window',
  claims: (_, ask, draw) => {
    const x = another(draw, [2, 1, 11])
    const tap = draw.integer(0, 3)
    const w = generate([1, 1, 4], (k) => (k === tap ? 1 : 0))
    return F.pipe(
      ask('forward', { stride: [2], padding: [3, 1], dilation: [2], groups: 1 }, { x, w }),
      E.map((answer) => {
        const { shape } = named(answer.values, 'y')
        const Lo = shape[2] as number
        const want = generate(shape, (i) => {
          const place = 2 * (i % Lo) + 2 * tap - 3
          return place < 0 || place >= 11 ? 0 : at(x, Math.floor(i / Lo) * 11 + place)
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

const backwardInTime: Law = {
  name: 'sequence and filter from behind give the map from behind, where windows fill the sequence',
  claims: ({ attrs }, ask, draw) => {
    const [K, [d]] = [3, attrs['dilation'] as readonly [number]]
    const still = { stride: [1], padding: [1, 2], dilation: [d], groups: 1 }
    const mirrored = { ...still, padding: [2, 1] }
    const [x, w] = [another(draw, [2, 2, 2 * d + 6]), another(draw, [3, 2, K])]
    const behind = (t: Tensor): Tensor => reversed(2, t)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', still, { x, w })),
      E.bind('fromBehind', () => ask('forward', mirrored, { x: behind(x), w: behind(w) })),
      E.map(({ ahead, fromBehind }) => [equal('y', fromBehind, rearranged(behind, 'y', ahead))]),
    )
  },
}

export const conv1d = questionsAbout('conv1d', {
  corners: [
    form('one place, one filter of one tap', {}, plain([1], [1])),
    form('whole numbers: 7 places, a filter of 3', {}, plain([7], [3]), { x: 'ties', w: 'ties' }),
    form('the filter covers the padded sequence', { padding: [1, 2] }, plain([3], [6])),
    form('padding wider than the filter', { padding: [4, 3] }, { x: [2, 2, 5], w: [3, 2, 2], b: [3] }),
    form('causal: padding before alone', { padding: [4, 0], dilation: [2] }, { x: [2, 3, 9], w: [2, 3, 3], b: [2] }),
    form('padding after alone', { padding: [0, 3] }, { x: [2, 3, 9], w: [2, 3, 4] }),
    form('stride larger than the filter', { stride: [4] }, { x: [2, 3, 14], w: [2, 3, 2], b: [2] }),
    form('dilation and stride share a divisor', { stride: [4], dilation: [2] }, { x: [2, 1, 19], w: [2, 1, 3] }),
    form(
      'every attribute at once',
      { stride: [2], padding: [3, 1], dilation: [3], groups: 2 },
      { x: [3, 4, 17], w: [6, 2, 4], b: [6] },
    ),
    form('depthwise', { groups: 6, padding: [1, 1] }, { x: [3, 6, 11], w: [12, 1, 3], b: [12] }),
    form('one output, a long sum', {}, { x: [1, 64, 16], w: [1, 64, 16], b: [1] }),
    form('a filter of 65 taps', {}, plain([127], [65])),
    form('filters of one tap at 15, 16 and 17 channels', {}, { x: [2, 17, 16], w: [15, 17, 1], b: [15] }),
    form('16 by 16', {}, { x: [1, 16, 256], w: [16, 16, 1], b: [16] }),
    form('33 filters, 31 places', {}, { x: [1, 3, 33], w: [33, 3, 3] }),
    form('32 filters on 32 channels', {}, { x: [3, 32, 11], w: [32, 32, 1] }),
    form('63 outputs of 65 channels', {}, { x: [1, 65, 8], w: [63, 65, 1], b: [63] }),
    form('64 filters, 64 places', {}, { x: [1, 2, 64], w: [64, 2, 1] }),
    form('65 filters on 127 places', {}, { x: [1, 2, 129], w: [65, 2, 3] }),
    form('255, 256 and 257', {}, { x: [1, 1, 257], w: [255, 1, 2] }),
    form('256 filters', {}, { x: [1, 256, 2], w: [256, 256, 1] }),
    form('4608 places of the batch for each weight', { padding: [1, 1] }, { x: [8, 2, 576], w: [16, 2, 3] }),
    form('sums of 1152 products', { padding: [4, 4] }, { x: [1, 128, 36], w: [16, 128, 9], b: [16] }),
    form('65,537 places', { stride: [2], padding: [1, 1] }, { x: [1, 2, 65537], w: [2, 2, 3] }),
    form('more outputs than one row of workgroups', {}, { x: [1, 1, 4196352], w: [1, 1, 1], b: [1] }),
    ...inSums(
      'conv1d',
      weighted,
      form('sums of 1152 products', { padding: [4, 4] }, { x: [1, 128, 36], w: [16, 128, 9], b: [16] }),
    ),
    ...inSums(
      'conv1d',
      weighted,
      form('65,537 places', { padding: [1, 1] }, { x: [1, 2, 65537], w: [2, 2, 3], b: [2] }),
    ),
    ...inSums(
      'conv1d',
      weighted,
      form('64 filters on 32 channels', { padding: [2, 2] }, { x: [1, 32, 784], w: [64, 32, 5], b: [64] }),
      ['integers'],
    ),
  ],
  random: (draw) => {
    const [groups, Cg, Og] = [draw.pick([1, 1, 2, 3]), draw.integer(1, 4), draw.integer(1, 4)]
    return {
      attrs: {
        stride: integers(draw, 1, [1, 4]),
        padding: integers(draw, 2, [0, 4]),
        dilation: integers(draw, 1, [1, 4]),
        groups,
      },
      shapes: {
        x: [draw.integer(1, 4), groups * Cg, draw.integer(1, 40)],
        w: [groups * Og, Cg, draw.integer(1, 6)],
        ...anyBias(draw, groups * Og),
      },
      fills: {},
    }
  },
  laws: [...linearLayerLaws, oneTapPicks, biasIsAddedThroughout, later, paddingIsZeros, delta, backwardInTime],
  worked: [
    {
      name: 'the differences of the squares are the odd numbers',
      inputs: {
        x: generate([1, 1, 8], (i) => i * i),
        w: { shape: [1, 1, 2], data: [-1, 1] },
      },
      outputs: { y: generate([1, 1, 7], (i) => 2 * i + 1) },
      source: '(n + 1)² − n² = 2n + 1',
    },
    {
      name: 'a causal moving sum over three places, two apart',
      attrs: { padding: [4, 0], dilation: [2] },
      inputs: {
        x: { shape: [1, 1, 6], data: [1, 10, 100, 1000, 10000, 100000] },
        w: { shape: [1, 1, 3], data: [1, 1, 1] },
        b: array([0.5]),
      },
      outputs: { y: { shape: [1, 1, 6], data: [1.5, 10.5, 101.5, 1010.5, 10101.5, 101010.5] } },
      source: `${slide('Convolutional Neural Networks')}, weights shared along time; each digit tells a place`,
    },
    {
      name: 'by 2: every other pair; each place gets its tap back',
      attrs: { stride: [2] },
      inputs: {
        x: { shape: [1, 1, 5], data: [1, 2, 3, 4, 5] },
        w: { shape: [1, 1, 2], data: [3, 7] },
        b: array([0]),
      },
      cotangents: { y: { shape: [1, 1, 2], data: [1, 10] } },
      outputs: {
        x: { shape: [1, 1, 5], data: [3, 7, 30, 70, 0] },
        w: { shape: [1, 1, 2], data: [31, 42] },
        b: array([11]),
      },
      source: 'y = (3·1 + 7·2, 3·3 + 7·4), differentiated by hand',
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'products + at1(b, o)', replace: 'products' },
    {
      name: 'padding forgotten',
      direction: 'forward',
      find: 'i * s + k * d - left',
      nth: 0,
      replace: 'i * s + k * d',
      unseenAt: form('', {}, plain([6], [3])),
    },
    {
      name: 'stride forgotten',
      direction: 'forward',
      find: 'i * s + k * d - left',
      nth: 0,
      replace: 'i + k * d - left',
      unseenAt: form('', {}, plain([6], [3])),
    },
    {
      name: 'stride and dilation swapped',
      direction: 'forward',
      find: 'i * s + k * d - left',
      nth: 0,
      replace: 'i * d + k * s - left',
      unseenAt: form('', { stride: [2], dilation: [2] }, plain([9], [3])),
    },
    {
      name: 'groups ignored',
      direction: 'forward',
      find: 'first + c,',
      nth: 0,
      replace: 'c,',
      unseenAt: form('', {}, { x: [1, 2, 6], w: [2, 2, 3] }),
    },
    {
      name: 'filter flipped',
      direction: 'forward',
      find: 'at3(w, o, c, k)',
      replace: 'at3(w, o, c, K - 1 - k)',
      unseenAt: form('', {}, plain([6], [1])),
    },
    { name: 'dx: padding forgotten', direction: 'backward', find: 'r + left - k * d', replace: 'r - k * d' },
    {
      name: 'dx: dilation forgotten',
      direction: 'backward',
      find: 'r + left - k * d',
      replace: 'r + left - k',
      unseenAt: form('', { padding: [1, 1] }, plain([6], [3])),
    },
    {
      name: 'dx: the group of the output forgotten',
      direction: 'backward',
      find: 'at3(w, group * Og + o, c, k)',
      replace: 'at3(w, o, c, k)',
      unseenAt: form('', {}, { x: [1, 2, 6], w: [2, 2, 3] }),
    },
    {
      name: 'dw: the filter flipped',
      direction: 'backward',
      find: 'i * s + k * d - left',
      nth: 1,
      replace: 'i * s + (K - 1 - k) * d - left',
    },
    {
      name: 'dw: one place short',
      direction: 'backward',
      find: 'sum2(N, Lo, (n, i) =>',
      nth: 0,
      replace: 'sum2(N, Lo - 1, (n, i) =>',
    },
    {
      name: 'db: only the first sample',
      direction: 'backward',
      find: 'sum2(N, Lo, (n, i) => at3(dy, n, o, i)))',
      replace: 'sum2(1, Lo, (n, i) => at3(dy, n, o, i)))',
      unseenAt: form('', {}, plain([6], [3])),
    },
  ],
})
