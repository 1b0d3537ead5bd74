import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate, mapTensor, sumOf } from '../../spec/tensor.js'
import type { Draws } from '../../spec/philox.js'
import type { Form } from '../form.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { rearranged, reversed } from '../vocabulary/arrange.js'
import { another, at, equal, exactly, named, unit } from '../vocabulary/claims.js'
import { batchSplits, compared } from '../vocabulary/laws.js'
import { largestInItsWindow } from '../vocabulary/taps.js'
import {
  alexNetsChain,
  anyPool,
  gradientKeepsItsMass,
  hangingCorners,
  image,
  oneElementWindows,
  paddingIsABorder,
  planesAreAlike,
  plane,
  poolCorners,
  poolShifts,
  ramp4,
  roundedUp,
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

// what a constant image hands back of a window's cotangent, at a place of the window that has so many rows and columns
const partOfTie = (ties: string, [r, s]: readonly [number, number], [KH, KW]: readonly [number, number]): number =>
  ties === 'share' ? 1 / (KH * KW) : Number(ties === 'last' ? r === KH - 1 && s === KW - 1 : r === 0 && s === 0)

const constantTies: Law = {
  name: 'in a constant image every window sends its gradient to its first element, its last, or to all in equal parts',
  claims: ({ attrs }, ask, draw) => {
    const window = attrs['window'] as readonly [number, number]
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const x = filled([1, 1, 12, 13], -2)
    return F.pipe(
      ['first', 'last', 'share'].map((ties) => {
        const still = { ...attrs, padding: [0, 0, 0, 0], ceilMode: false, ties }
        return F.pipe(
          E.Do,
          E.bind('ahead', () => ask('forward', still, { x })),
          E.let('dy', ({ ahead }) => another(draw, named(ahead.values, 'y').shape)),
          E.bind('back', ({ dy }) => ask('backward', still, { x }, { y: dy })),
          E.map(({ dy, back }) => {
            const [, , Ho = 0, Wo = 0] = dy.shape
            const windows = Array.from({ length: Ho * Wo }, (_, at) => [Math.floor(at / Wo), at % Wo] as const)
            const want = mapTensor((_, place) => {
              const [r, s] = [Math.floor(place / 13), place % 13]
              return sumOf(
                windows.map(([i, j]) => {
                  const within = [r - i * sh, s - j * sw] as const
                  const isIn = within.every((k, a) => k >= 0 && k < (window[a] as number))
                  return isIn ? partOfTie(ties, within, window) * at(dy, i * Wo + j) : 0
                }),
              )
            }, x)
            const terms = mapTensor(Math.abs, dy)
            return {
              got: named(back.values, 'x'),
              want,
              // a sum here in another order than there
              allowed: mapTensor(
                (e) => e + 16 * window[0] * window[1] * unit * sumOf(terms.data),
                named(back.slack, 'x'),
              ),
            }
          }),
        )
      }),
      E.sequenceArray,
    )
  },
}

const alikeFromBehind: Law = {
  name: 'the last of equal maxima is the first from behind: an image and its windows turned round',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [KH, KW] = attrs['window'] as readonly [number, number]
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    // windows that reach both ends, of whole numbers, which often tie
    const { shape } = named(inputs, 'x')
    const x = generate([shape[0] as number, shape[1] as number, KH + 3 * sh, KW + 2 * sw], () => draw.integer(0, 2))
    const of = (ties: string): Attributes => ({ ...attrs, padding: [0, 0, 0, 0], ceilMode: false, ties })
    const turned = (t: Tensor): Tensor => reversed(3, reversed(2, t))
    const dy = another(draw, [shape[0] as number, shape[1] as number, 4, 3])
    return F.pipe(
      E.Do,
      E.bind('last', () => ask('backward', of('last'), { x }, { y: dy })),
      E.bind('first', () => ask('backward', of('first'), { x: turned(x) }, { y: turned(dy) })),
      E.map(({ last, first }) => [equal('x', last, rearranged(turned, 'x', first))]),
    )
  },
}

const anyTies = (draw: Draws, pool: Pick<Form, 'attrs' | 'shapes'>): Pick<Form, 'attrs' | 'shapes'> => ({
  ...pool,
  attrs: { ...pool.attrs, ...draw.pick([{}, {}, { ties: 'last' }, { ties: 'share' }]) },
})

export const maxPool2d = questionsAbout('maxPool2d', {
  corners: [
    ...poolCorners,
    ...hangingCorners({}),
    ...(['last', 'share'] as const).flatMap((ties) => [
      form(`ties: ${ties}`, { ties, window: [3, 2], stride: [2, 1], padding: [1, 1, 1, 0] }, image(3, 2, 7, 8), {
        x: 'ties',
      }),
      form(`ties in windows side by side: ${ties}`, { ties }, image(2, 2, 8, 8), { x: 'ties' }),
      form(
        `nothing but ties: ${ties}`,
        { ties, window: [3, 3], stride: [1, 2], padding: [2, 1, 1, 2] },
        image(1, 2, 6, 7),
        {
          x: { constant: 0.5 },
        },
      ),
      form(`ties of 0 and −0: ${ties}`, { ties }, image(1, 1, 4, 4), { x: { values: [0, -0, -0] } }),
      form(
        `ties where windows hang over: ${ties}`,
        { ties, ceilMode: true, window: [3, 3], stride: [2, 2] },
        image(2, 1, 6, 8),
        {
          x: 'ties',
        },
      ),
      form(`no ties: ${ties}`, { ties, window: [3, 3], stride: [1, 1] }, image(1, 2, 6, 7)),
      form(
        `25 windows meet in an element, and tie: ${ties}`,
        { ties, window: [5, 5], stride: [1, 1] },
        image(1, 2, 9, 10),
        {
          x: 'ties',
        },
      ),
      form(
        `the lowest number there is, padded: ${ties}`,
        { ties, stride: [1, 1], padding: [1, 1, 1, 1] },
        image(1, 1, 3, 4),
        {
          x: { constant: lowest },
        },
      ),
    ]),
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
    ...anyTies(draw, anyPool(draw)),
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
    alikeFromBehind,
    roundedUp,
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
    {
      name: 'rounded up, windows of 3×3 by 2 on 4×4 hang over the end',
      attrs: { window: [3, 3], stride: [2, 2], ceilMode: true },
      inputs: { x: ramp4 },
      outputs: { y: plane([11, 12], [15, 16]) },
      source: "PyTorch's MaxPool2d, ceil_mode",
    },
    {
      name: 'rounded up, a last window that would start in the padding behind is left out',
      attrs: { padding: [1, 1, 1, 1], ceilMode: true },
      inputs: { x: plane([1, 2, 3]) },
      outputs: { y: plane([1, 3]) },
      source: "PyTorch's MaxPool2d, ceil_mode: a window must start inside the image or the padding before it",
    },
    ...(
      [
        ['first', plane([0, 12, 0], [0, 0, 0])],
        ['last', plane([0, 0, 0], [0, 12, 0])],
        ['share', plane([0, 4, 0], [4, 4, 0])],
      ] as const
    ).map(([ties, x]) => ({
      name: `of three equal maxima the gradient is for: ${ties}`,
      attrs: { ties },
      inputs: { x: plane([1, 7, 9], [7, 7, 9]) },
      cotangents: { y: plane([12]) },
      outputs: { x },
      source: 'by hand',
    })),
    ...(
      [
        ['first', plane([0, 0], [12, 0])],
        ['last', plane([0, 0], [12, 0])],
        ['share', plane([0, 6], [6, 0])],
      ] as const
    ).map(([ties, x]) => ({
      name: `NaN exceeds every number; of two the gradient is for: ${ties}`,
      attrs: { ties },
      inputs: { x: plane([1, NaN], [NaN, 9]) },
      cotangents: { y: plane([12]) },
      outputs: { x },
      source: "by hand; the last NaN for the first maximum as in PyTorch's MaxPool2d",
    })),
    ...alexNetsChain('maxima are the windows’ last elements', 2, 2),
  ],
  faults: [
    {
      name: 'padding: left and top swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      nth: 0,
      replace: 'i * sh + kh - left, j * sw + kw - top',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      nth: 0,
      replace: 'i * sw + kh - top, j * sh + kw - left',
      unseenAt: form('', {}, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'window axes swapped',
      direction: 'forward',
      find: 'largest2(KH, KW',
      nth: 0,
      replace: 'largest2(KW, KH',
      unseenAt: form('', {}, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'padding of zeros',
      direction: 'forward',
      find: 'at4Or(-Infinity',
      nth: 0,
      replace: 'at4Or(0',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }, { x: 'positive' }),
    },
    {
      name: 'the last column left out',
      direction: 'forward',
      find: 'largest2(KH, KW',
      nth: 0,
      replace: 'largest2(KH, KW - 1',
    },
    {
      name: 'the last of equal maxima',
      direction: 'backward',
      find: "ties === 'last' ?",
      replace: 'true ?',
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
      find: 'at4(winner, n, c, i, j) === r * W + s',
      replace: 'true',
      unseenAt: form('', { window: [1, 1] }, { x: [1, 1, 4, 4] }),
    },
    {
      name: 'the smallest in place of the largest',
      direction: 'backward',
      find: 'number => at4(x, n, c, r, s)',
      replace: 'number => -at4(x, n, c, r, s)',
    },
    {
      name: 'shared, but not divided',
      direction: 'backward',
      find: 'at4(dy, n, c, i, j) / at4(tied, n, c, i, j)',
      replace: 'at4(dy, n, c, i, j)',
      unseenAt: form('', { ties: 'share' }, { x: [2, 2, 4, 4] }),
    },
    {
      name: 'shared by the columns of the first row only',
      direction: 'backward',
      find: 'sum2(end - first,',
      replace: 'sum2(1,',
    },
    {
      name: 'the first of the maxima, whatever is asked for',
      direction: 'backward',
      find: "ties === 'last' ?",
      replace: 'false ?',
      unseenAt: form('', { ties: 'last' }, { x: [2, 2, 4, 4] }),
    },
  ],
})
