import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, answersTo, equal, equals, named } from '../vocabulary/claims.js'
import { adjointIn, batchSplits, linearIn, ofAnswer } from '../vocabulary/laws.js'
import { oneElementIsShared, onesAreTheirShare } from '../vocabulary/taps.js'
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
  ramp4,
  poolCorners,
  poolShifts,
  roundedUp,
  slidesPlane,
} from '../vocabulary/windows.js'

const constantStays = ofAnswer(
  'a constant image stays constant if padding is not counted',
  (answer) => [equals('y', answer, filled(named(answer.values, 'y').shape, 0.7))],
  ({ attrs, inputs }) => ({
    attrs: { ...attrs, countIncludePad: false },
    inputs: { x: filled(named(inputs, 'x').shape, 0.7) },
  }),
)

const paddingAloneDecides: Law = {
  name: 'without padding there is nothing to count',
  claims: ({ attrs }, ask, draw) => {
    const [KH, KW] = attrs['window'] as readonly [number, number]
    const x = another(draw, [2, 2, KH + 6, KW + 7])
    const counted = { ...attrs, padding: [0, 0, 0, 0], countIncludePad: true }
    const left = { ...counted, countIncludePad: false }
    return F.pipe(
      ask('forward', counted, { x }),
      E.let('cotangents', ({ values }) => ({ y: another(draw, named(values, 'y').shape) })),
      E.bind('one', ({ cotangents }) => answersTo(ask, { attrs: counted, inputs: { x }, cotangents })),
      E.bind('other', ({ cotangents }) => answersTo(ask, { attrs: left, inputs: { x }, cotangents })),
      E.map(({ one, other }) => [equal('y', one.ahead, other.ahead), equal('x', one.back, other.back)]),
    )
  },
}

const padded = { window: [3, 2], stride: [2, 1], padding: [1, 2, 1, 0] } as const

export const avgPool2d = questionsAbout('avgPool2d', {
  corners: [
    ...poolCorners,
    ...poolCorners
      .filter(({ attrs }) => attrs['padding'] !== undefined)
      .map((corner) => ({
        ...corner,
        name: `${corner.name ?? ''}; padding counted`,
        attrs: { ...corner.attrs, countIncludePad: true },
      })),
    ...hangingCorners({}),
    ...hangingCorners({ countIncludePad: true }),
    form('elements that cancel', padded, image(2, 2, 6, 7), { x: { values: [1.1, -1.1, 1.1, -1.1000001] } }),
    form('small', padded, image(2, 2, 6, 7), { x: 'small' }),
    form('whole numbers', { window: [2, 4] }, image(2, 2, 6, 8), { x: 'ties', dy: 'ties' }),
    form('a window of 256', { window: [16, 16], stride: [15, 1] }, image(1, 1, 31, 20)),
    form('a window of 31 by 33', { window: [31, 33] }, image(1, 1, 31, 33)),
  ],
  random: (draw) => {
    const pool = anyPool(draw)
    return {
      shapes: pool.shapes,
      attrs: { ...pool.attrs, ...draw.pick([{}, { countIncludePad: true }, { countIncludePad: false }]) },
      fills: { x: draw.pick(['normal', 'normal', 'small', 'wide']) },
    }
  },
  laws: [
    linearIn('x'),
    oneElementIsShared,
    onesAreTheirShare,
    adjointIn('x', 'y'),
    batchSplits(['x']),
    planesAreAlike,
    poolShifts,
    oneElementWindows,
    gradientKeepsItsMass({ countIncludePad: false }),
    paddingIsABorder('padding that counts is a border of zeros', 0, { countIncludePad: true }),
    constantStays,
    paddingAloneDecides,
    roundedUp,
  ],
  worked: [
    {
      name: 'the 4×4 image of the pooling slide, subsampled by 2',
      inputs: { x: slidesPlane },
      outputs: { y: plane([3.25, 5.25], [2, 2]) },
      source: slide('LeNet'),
    },
    {
      name: 'a quarter of each cotangent to each element of its window',
      inputs: { x: plane([0, 0, 0], [0, 0, 0]) },
      cotangents: { y: plane([6]) },
      outputs: { x: plane([1.5, 1.5, 0], [1.5, 1.5, 0]) },
      source: slide('LeNet'),
    },
    {
      name: 'one pixel under a padded 3×3 window: itself, or a ninth if padding counts',
      attrs: { window: [3, 3], stride: [3, 3], padding: [1, 1, 1, 1], countIncludePad: true },
      inputs: { x: plane([9]) },
      outputs: { y: plane([1]) },
      source: "PyTorch's AvgPool2d, count_include_pad",
    },
    {
      name: 'one pixel under a padded 3×3 window that counts what is there',
      attrs: { window: [3, 3], stride: [3, 3], padding: [1, 1, 1, 1], countIncludePad: false },
      inputs: { x: plane([9]) },
      outputs: { y: plane([9]) },
      source: "PyTorch's AvgPool2d, count_include_pad",
    },
    {
      name: 'rounded up, a padded window of 3×3 by 2: of padding one row and column count, and nothing beyond them',
      attrs: { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: true, countIncludePad: true },
      inputs: { x: ramp4 },
      // the windows of 4, 6 or 9 places of the padded 6×6 image, summed
      outputs: { y: plane([14 / 9, 30 / 9, 12 / 6], [57 / 9, 99 / 9, 36 / 6], [27 / 6, 45 / 6, 16 / 4]) },
      source: "PyTorch's AvgPool2d, ceil_mode and count_include_pad; by hand",
    },
    {
      name: 'rounded up, windows of 3×3 by 2 on 4×4: what hangs over is not counted',
      attrs: { window: [3, 3], stride: [2, 2], ceilMode: true },
      inputs: { x: ramp4 },
      outputs: { y: plane([6, 7.5], [12, 13.5]) },
      source: "PyTorch's AvgPool2d, ceil_mode",
    },
    {
      name: 'the same by its gradient: a cotangent is shared by what is there',
      attrs: { window: [3, 3], stride: [2, 2], ceilMode: true },
      inputs: { x: ramp4 },
      cotangents: { y: plane([9, 12], [18, 20]) },
      outputs: { x: plane([1, 1, 3, 2], [1, 1, 3, 2], [4, 4, 11, 7], [3, 3, 8, 5]) },
      source: 'by hand: ninths, sixths and quarters of 9, 12, 18 and 20',
    },
    {
      name: 'rounded up, a last window that would start in the padding behind is left out: one element, padded',
      attrs: { window: [2, 2], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: true, countIncludePad: true },
      inputs: { x: plane([8]) },
      outputs: { y: plane([2]) },
      source: "PyTorch's AvgPool2d, ceil_mode: a window must start inside the image or the padding before it",
    },
    ...alexNetsChain('means are the windows’ middles', 1, 1),
  ],
  faults: [
    {
      name: 'padding counted',
      direction: 'forward',
      find: 'countIncludePad ?',
      replace: 'true ?',
      unseenAt: form('', { window: [2, 2] }, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'padding never counted',
      direction: 'forward',
      find: 'countIncludePad ?',
      replace: 'false ?',
      unseenAt: form('', { padding: [1, 1, 1, 1] }, { x: [1, 2, 4, 4] }),
    },
    ...(['forward', 'backward'] as const).flatMap((direction) => [
      {
        name: 'what hangs over the padded image counts like padding',
        direction,
        find: 'inside(i * sh - top, KH, H, above, below)',
        replace: '(countIncludePad ? KH : inside(i * sh - top, KH, H, above, below))',
        unseenAt: form('', { countIncludePad: true, padding: [1, 1, 1, 1] }, { x: [1, 2, 4, 4] }),
      },
      {
        name: 'padding behind never counts',
        direction,
        find: 'W, before, behind)',
        replace: 'W, before, 0)',
        unseenAt: form('', { countIncludePad: true, padding: [0, 0, 1, 0] }, { x: [1, 2, 4, 5] }),
      },
    ]),
    { name: 'sum in place of mean', direction: 'forward', find: 'elements / count(i, j)', replace: 'elements' },
    {
      name: 'stride axes swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      replace: 'i * sw + kh - top, j * sh + kw - left',
      unseenAt: form('', {}, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'padding: top and left swapped',
      direction: 'forward',
      find: 'i * sh + kh - top, j * sw + kw - left',
      replace: 'i * sh + kh - left, j * sw + kw - top',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }),
    },
    {
      name: 'elements beyond the right border counted',
      direction: 'forward',
      find: 'Math.min(start + window, size + after)',
      replace: '(start + window)',
    },
    {
      name: 'columns counted as if the image were square',
      direction: 'forward',
      find: 'KW, W, before, behind',
      replace: 'KW, H, before, behind',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }),
    },
    {
      name: 'padding counted',
      direction: 'backward',
      find: 'countIncludePad ?',
      replace: 'true ?',
      unseenAt: form('', { window: [2, 2] }, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'undivided',
      direction: 'backward',
      find: 'at4(dy, n, c, i, j) / count(i, j)',
      replace: 'at4(dy, n, c, i, j)',
      unseenAt: form('', { window: [1, 1] }, { x: [1, 2, 4, 4] }),
    },
    {
      name: 'divided by another window’s count',
      direction: 'backward',
      find: 'at4(dy, n, c, i, j) / count(i, j)',
      replace: 'at4(dy, n, c, i, j) / count(j, i)',
      unseenAt: form('', { window: [3, 3], padding: [1, 1, 1, 1] }, { x: [1, 1, 5, 5] }),
    },
    {
      name: 'stride axes swapped',
      direction: 'backward',
      find: 'windowReading(s + left - kw, sw, Wo)',
      replace: 'windowReading(s + left - kw, sh, Wo)',
      unseenAt: form('', {}, { x: [1, 1, 6, 6] }),
    },
    { name: 'padding of the columns forgotten', direction: 'backward', find: 's + left - kw', replace: 's - kw' },
    {
      name: 'the sides of the window added, not multiplied',
      direction: 'backward',
      find: 'above, below) * inside',
      replace: 'above, below) + inside',
      unseenAt: form('', { window: [2, 2], countIncludePad: true }, { x: [1, 1, 6, 6] }),
    },
  ],
})
