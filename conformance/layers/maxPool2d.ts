import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { mapTensor, zeros } from '../../spec/tensor.js'
import { batchSplits, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import {
  gradientKeepsItsMass,
  oneElementWindows,
  paddingIsABorder,
  pickedFromRamp,
  planesAreAlike,
  plane,
  poolCorners,
  poolShifts,
  ramp,
  randomPool,
} from './poolLaws.js'

const lowest = -3.4028234663852886e38

const growingFunctions: Law = {
  name: 'a growing function may be applied before or after',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    // exact: drawn numbers are multiples of 2⁻⁴⁴ below 2⁸
    const grown = (v: number): number => 2 * v + 1
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, { x: mapTensor(grown, x) })),
      E.bind('after', () => ask('forward', attrs, inputs)),
      // and it moves no maximum, so the gradients agree to the bit
      E.bind('backBefore', () => ask('backward', attrs, { x: mapTensor(grown, x) }, cotangents)),
      E.bind('backAfter', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ before, after, backBefore, backAfter }) => [
        {
          got: named(before.values, 'y'),
          want: mapTensor(grown, named(after.values, 'y')),
          allowed: zeros(named(after.values, 'y').shape),
        },
        { got: named(backBefore.values, 'x'), want: named(backAfter.values, 'x'), allowed: zeros(x.shape) },
      ]),
    )
  },
}

const constantTies: Law = {
  name: 'in a constant image every window sends its gradient to its first element',
  claims: ({ attrs }, ask, draw) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const still = { ...attrs, padding: [0, 0, 0, 0] }
    const x = mapTensor(() => -2, zeros([1, 1, 12, 13]))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', still, { x })),
      E.bind('dy', ({ ahead }) => E.right(mapTensor(() => Math.fround(draw.normal()), named(ahead.values, 'y')))),
      E.bind('back', ({ dy }) => ask('backward', still, { x }, { y: dy })),
      E.map(({ dy, back }) => {
        const [, , Ho = 0, Wo = 0] = dy.shape
        const want = mapTensor((_, at) => {
          const [i, j] = [Math.floor(at / 13) / sh, (at % 13) / sw]
          const starts = Number.isInteger(i) && Number.isInteger(j) && i < Ho && j < Wo
          return starts ? (dy.data[i * Wo + j] as number) : 0
        }, x)
        return [{ got: named(back.values, 'x'), want, allowed: zeros(x.shape) }]
      }),
    )
  },
}

export const maxPool2d: Questions = {
  corners: [
    ...poolCorners,
    form('ties', { window: [3, 2], stride: [2, 1], padding: [1, 1, 1, 0] }, { x: [3, 2, 7, 8] }, { x: 'ties' }),
    form('ties in windows side by side', {}, { x: [2, 2, 8, 8] }, { x: 'ties' }),
    form(
      'nothing but ties',
      { window: [3, 3], stride: [1, 2], padding: [2, 1, 1, 2] },
      { x: [1, 2, 6, 7] },
      {
        x: { constant: 0.5 },
      },
    ),
    form('ties of 0 and −0', {}, { x: [1, 1, 4, 4] }, { x: { values: [0, -0, -0] } }),
    form(
      'all negative, padded',
      { window: [3, 3], stride: [2, 2], padding: [2, 1, 1, 2] },
      { x: [2, 2, 7, 6] },
      {
        x: 'negative',
      },
    ),
    form('all negative', {}, { x: [2, 2, 6, 6] }, { x: 'negative' }),
    form(
      'far apart',
      { window: [2, 3], stride: [1, 2], padding: [1, 0, 2, 1] },
      { x: [2, 2, 6, 8] },
      { x: 'saturated' },
    ),
    form(
      'the lowest number there is',
      { window: [2, 2], stride: [1, 1], padding: [1, 1, 1, 1] },
      { x: [1, 1, 3, 4] },
      {
        x: { constant: lowest },
      },
    ),
  ],
  random: (draw) => ({
    ...randomPool(draw),
    fills: { x: draw.pick(['normal', 'normal', 'ties', 'negative', 'small']) },
  }),
  laws: [
    batchSplits(['x']),
    planesAreAlike,
    poolShifts,
    oneElementWindows,
    gradientKeepsItsMass({}),
    paddingIsABorder('padding is a border below every element', -1e30, {}),
    growingFunctions,
    constantTies,
  ],
  worked: [
    {
      name: 'the 4×4 image of the slide, windows of 2×2 by 2',
      direction: 'forward',
      attrs: { window: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] },
      inputs: { x: plane([1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]) },
      outputs: { y: plane([6, 8], [3, 4]) },
      source: slide('Pooling layer'),
    },
    {
      name: 'its gradient goes to 6, 8, 3 and 4',
      direction: 'backward',
      attrs: { window: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] },
      inputs: { x: plane([1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]) },
      cotangents: { y: plane([10, 20], [30, 40]) },
      outputs: { x: plane([0, 0, 0, 0], [0, 10, 0, 20], [30, 0, 0, 0], [0, 0, 0, 40]) },
      source: slide('Pooling layer'),
    },
    ...(
      [
        [55, 27],
        [27, 13],
        [13, 6],
      ] as const
    ).map(([n, outputs]) => ({
      name: `AlexNet’s chain: a 3×3 window by 2 takes ${n} to ${outputs}, here on a ramp, whose maxima are the windows’ last elements`,
      direction: 'forward' as const,
      attrs: { window: [3, 3], stride: [2, 2], padding: [0, 0, 0, 0] },
      inputs: { x: ramp(n) },
      outputs: { y: pickedFromRamp(n, outputs, 2, 2) },
      source: slide('AlexNet'),
    })),
  ],
  faults: [
    {
      name: 'padding: left and top swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      replace: 'i * sh + kh - left, j * sw + kw - top',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      replace: 'i * sw + kh - top, j * sh + kw - left',
      unseenAt: form('', {}, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'window axes swapped',
      direction: 'forward',
      find: 'largest2(KH, KW',
      replace: 'largest2(KW, KH',
      unseenAt: form('', {}, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'padding of zeros',
      direction: 'forward',
      find: 'at4Or(-Infinity',
      replace: 'at4Or(0',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }, { x: 'positive' }),
    },
    { name: 'the last column left out', direction: 'forward', find: 'largest2(KH, KW', replace: 'largest2(KH, KW - 1' },
    {
      name: 'the last of equal maxima',
      direction: 'backward',
      find: '(r, s) => at4(x, n, c, r, s)',
      replace: '(r, s) => at4(x, n, c, r, s) + 2 ** -60 * (r * W + s)',
      unseenAt: form('', {}, { x: [2, 2, 4, 4] }),
    },
    {
      name: 'windows not moved by the padding',
      direction: 'backward',
      find: 'Math.max(i * sh - top, 0), Math.min(i * sh - top + KH, H)',
      replace: 'Math.max(i * sh, 0), Math.min(i * sh + KH, H)',
      unseenAt: form('', {}, { x: [1, 1, 6, 6] }),
    },
    {
      name: 'padding of the rows forgotten',
      direction: 'backward',
      find: 'r + top - kh',
      replace: 'r - kh',
    },
    {
      name: 'stride axes swapped',
      direction: 'backward',
      find: 'windowReading(r + top - kh, sh, Ho)',
      replace: 'windowReading(r + top - kh, sw, Ho)',
      unseenAt: form('', {}, { x: [1, 1, 6, 6] }),
    },
    {
      name: 'every element of a window gets its gradient',
      direction: 'backward',
      find: 'at4(winner, n, c, i, j) !== r * W + s',
      replace: 'false',
      unseenAt: form('', { window: [1, 1] }, { x: [1, 1, 4, 4] }),
    },
    {
      name: 'the smallest in place of the largest',
      direction: 'backward',
      find: '(r, s) => at4(x, n, c, r, s)',
      replace: '(r, s) => -at4(x, n, c, r, s)',
    },
  ],
}
