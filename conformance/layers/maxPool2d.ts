import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, mapTensor } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, exactly, named } from '../vocabulary/claims.js'
import { batchSplits, compared } from '../vocabulary/laws.js'
import { largestInItsWindow } from '../vocabulary/taps.js'
import {
  alexNetsChain,
  anyPool,
  gradientKeepsItsMass,
  image,
  oneElementWindows,
  paddingIsABorder,
  planesAreAlike,
  plane,
  poolCorners,
  poolShifts,
  slidesPlane,
} from '../vocabulary/windows.js'

const lowest = -3.4028234663852886e38

// exact: drawn numbers are multiples of 2⁻⁴⁴ below 2⁸; and no maximum moves, so the gradients agree to the bit
const grown = (v: number): number => 2 * v + 1
const growingFunctions = compared(
  'a growing function may be applied before or after',
  ({ inputs }) => ({ inputs: { x: mapTensor(grown, named(inputs, 'x')) } }),
  (plain, ofGrown) => [
    exactly(named(ofGrown.ahead.values, 'y'), mapTensor(grown, named(plain.ahead.values, 'y'))),
    exactly(named(ofGrown.back.values, 'x'), named(plain.back.values, 'x')),
  ],
)

const constantTies: Law = {
  name: 'in a constant image every window sends its gradient to its first element',
  claims: ({ attrs }, ask, draw) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const still = { ...attrs, padding: [0, 0, 0, 0] }
    const x = filled([1, 1, 12, 13], -2)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', still, { x })),
      E.let('dy', ({ ahead }) => another(draw, named(ahead.values, 'y').shape)),
      E.bind('back', ({ dy }) => ask('backward', still, { x }, { y: dy })),
      E.map(({ dy, back }) => {
        const [, , Ho = 0, Wo = 0] = dy.shape
        const want = mapTensor((_, place) => {
          const [i, j] = [Math.floor(place / 13) / sh, (place % 13) / sw]
          const starts = Number.isInteger(i) && Number.isInteger(j) && i < Ho && j < Wo
          return starts ? at(dy, i * Wo + j) : 0
        }, x)
        return [exactly(named(back.values, 'x'), want)]
      }),
    )
  },
}

export const maxPool2d = questionsAbout('maxPool2d', {
  corners: [
    ...poolCorners,
    form('ties', { window: [3, 2], stride: [2, 1], padding: [1, 1, 1, 0] }, image(3, 2, 7, 8), { x: 'ties' }),
    form('ties in windows side by side', {}, image(2, 2, 8, 8), { x: 'ties' }),
    form('nothing but ties', { window: [3, 3], stride: [1, 2], padding: [2, 1, 1, 2] }, image(1, 2, 6, 7), {
      x: { constant: 0.5 },
    }),
    form('ties of 0 and −0', {}, image(1, 1, 4, 4), { x: { values: [0, -0, -0] } }),
    form('all negative, padded', { window: [3, 3], stride: [2, 2], padding: [2, 1, 1, 2] }, image(2, 2, 7, 6), {
      x: 'negative',
    }),
    form('all negative', {}, image(2, 2, 6, 6), { x: 'negative' }),
    form('far apart', { window: [2, 3], stride: [1, 2], padding: [1, 0, 2, 1] }, image(2, 2, 6, 8), { x: 'saturated' }),
    form('the lowest number there is', { window: [2, 2], stride: [1, 1], padding: [1, 1, 1, 1] }, image(1, 1, 3, 4), {
      x: { constant: lowest },
    }),
  ],
  random: (draw) => ({
    ...anyPool(draw),
    fills: { x: draw.pick(['normal', 'normal', 'ties', 'negative', 'small']) },
  }),
  laws: [
    largestInItsWindow,
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
      inputs: { x: slidesPlane },
      outputs: { y: plane([6, 8], [3, 4]) },
      source: slide('Pooling layer'),
    },
    {
      name: 'its gradient goes to 6, 8, 3 and 4',
      inputs: { x: slidesPlane },
      cotangents: { y: plane([10, 20], [30, 40]) },
      outputs: { x: plane([0, 0, 0, 0], [0, 10, 0, 20], [30, 0, 0, 0], [0, 0, 0, 40]) },
      source: slide('Pooling layer'),
    },
    ...alexNetsChain('maxima are the windows’ last elements', 2, 2),
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
})
