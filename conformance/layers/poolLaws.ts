import { either as E, function as F } from 'fp-ts'
import type { AttributeValue } from '../../spec/attributes.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, sumOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { another, combination, equal, named } from '../laws.js'
import type { Evaluation, Law } from '../laws.js'
import type { Draws } from '../../spec/philox.js'
import { form } from '../questions.js'

/** Questions that both pools are asked, and laws that both keep. */

const unit = 2 ** -52

const element = (x: Tensor, i: number): number => x.data[i] as number

/** The part of an image from a row and a column on. */
const crop = (x: Tensor, top: number, left: number, H: number, W: number): Tensor => {
  const [N, C, rows, columns] = x.shape as readonly [number, number, number, number]
  return generate([N, C, H, W], (i) => {
    const [plane, r, s] = [Math.floor(i / (H * W)), Math.floor(i / W) % H, i % W]
    return element(x, (plane * rows + r + top) * columns + s + left)
  })
}

/** An image with a border of one number. */
const bordered = (x: Tensor, [top, bottom, left, right]: readonly number[], value: number): Tensor => {
  const [N, C, H, W] = x.shape as readonly [number, number, number, number]
  const [rows, columns] = [H + (top as number) + (bottom as number), W + (left as number) + (right as number)]
  return generate([N, C, rows, columns], (i) => {
    const [plane, r, s] = [
      Math.floor(i / (rows * columns)),
      (Math.floor(i / columns) % rows) - (top as number),
      (i % columns) - (left as number),
    ]
    return r < 0 || r >= H || s < 0 || s >= W ? value : element(x, (plane * H + r) * W + s)
  })
}

const cropped = ({ values, slack }: Evaluation, name: string, ...place: readonly [number, number, number, number]) => ({
  values: { [name]: crop(named(values, name), ...place) },
  slack: { [name]: crop(named(slack, name), ...place) },
})

/** Shifting the image by the stride shifts the map. */
export const poolShifts: Law = {
  name: 'shifting the image by the stride shifts the map',
  claims: ({ attrs }, ask, draw) => {
    const [sh, sw] = attrs['stride'] as readonly [number, number]
    const still = { ...attrs, padding: [0, 0, 0, 0] }
    const x = another(draw, [2, 2, 9 + sh, 10 + sw])
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', still, { x })),
      E.bind('part', () => ask('forward', still, { x: crop(x, sh, sw, 9, 10) })),
      E.map(({ all, part }) => {
        const [, , Ho = 0, Wo = 0] = named(part.values, 'y').shape
        return [equal('y', part, cropped(all, 'y', 1, 1, Ho, Wo))]
      }),
    )
  },
}

/** Padding is a border of the number that `border` gives for the attributes, forward and backward. */
export const paddingIsABorder = (
  name: string,
  border: number,
  always: Readonly<Record<string, AttributeValue>>,
): Law => ({
  name,
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const x = named(inputs, 'x')
    const padding = attrs['padding'] as readonly [number, number, number, number]
    const [, , H = 0, W = 0] = x.shape
    const outside = { x: bordered(x, padding, border) }
    const inside = { ...attrs, ...always }
    const unpadded = { ...inside, padding: [0, 0, 0, 0] }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', inside, inputs)),
      E.bind('back', () => ask('backward', inside, inputs, cotangents)),
      E.bind('aheadBordered', () => ask('forward', unpadded, outside)),
      E.bind('backBordered', () => ask('backward', unpadded, outside, cotangents)),
      E.map(({ ahead, back, aheadBordered, backBordered }) => [
        equal('y', aheadBordered, ahead),
        equal('x', cropped(backBordered, 'x', padding[0], padding[2], H, W), back),
      ]),
    )
  },
})

/** A window of one element leaves the image, and its gradient, as they are. */
export const oneElementWindows: Law = {
  name: 'windows of one element change nothing',
  claims: ({ attrs, inputs }, ask, draw) => {
    const x = named(inputs, 'x')
    const dy = another(draw, x.shape)
    const single = { ...attrs, window: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] }
    const nothing = generate(x.shape, () => 0)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', single, { x })),
      E.bind('back', () => ask('backward', single, { x }, { y: dy })),
      // a maximum of one, or a quotient by 1, is exact
      E.map(({ ahead, back }) => [
        { got: named(ahead.values, 'y'), want: x, allowed: nothing },
        { got: named(back.values, 'x'), want: dy, allowed: nothing },
      ]),
    )
  },
}

/** What comes in goes out: Σ dx = Σ dy, where every window hands all of its cotangent on. */
export const gradientKeepsItsMass = (always: Readonly<Record<string, AttributeValue>>): Law => ({
  name: 'no cotangent is lost: Σ dx = Σ dy',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const dy = named(cotangents, 'y')
    return F.pipe(
      ask('backward', { ...attrs, ...always }, inputs, cotangents),
      E.map((back) => {
        const dx = named(back.values, 'x')
        const rounding = (t: Tensor): number => t.data.length * unit * sumOf(Array.from(t.data, Math.abs))
        const scalar = (value: number): Tensor => ({ shape: [], data: [value] })
        return [
          {
            got: scalar(sumOf(dx.data)),
            want: scalar(sumOf(dy.data)),
            allowed: scalar(sumOf(named(back.slack, 'x').data) + rounding(dx) + rounding(dy)),
          },
        ]
      }),
    )
  },
})

/** Each plane is pooled by itself: exchanging samples and channels of the batch exchanges those of the map. */
export const planesAreAlike: Law = {
  name: 'samples and channels may be exchanged',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const exchanged = (t: Tensor): Tensor => {
      const [N, C, H, W] = t.shape as readonly [number, number, number, number]
      return generate([C, N, H, W], (i) => {
        const [c, n, at] = [Math.floor(i / (N * H * W)), Math.floor(i / (H * W)) % N, i % (H * W)]
        return element(t, (n * C + c) * H * W + at)
      })
    }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, { x: exchanged(x) })),
      E.map(({ before, after }) => [
        combination('y', after, [
          [
            1,
            { values: { y: exchanged(named(before.values, 'y')) }, slack: { y: exchanged(named(before.slack, 'y')) } },
          ],
        ]),
      ]),
    )
  },
}

const image = (...shape: readonly [number, number, number, number]): { readonly x: Shape } => ({ x: shape })

/** Edges of windows, axes and sizes. */
export const poolCorners: readonly Form[] = [
  form('defaults: windows of 2×2, side by side', {}, image(2, 3, 6, 8)),
  form('one element', { window: [1, 1] }, image(1, 1, 1, 1)),
  form('one element, padded on every side', { window: [3, 3], padding: [1, 1, 1, 1] }, image(1, 1, 1, 1)),
  form('one row', { window: [1, 3], stride: [1, 2] }, image(3, 2, 1, 9)),
  form('one column', { window: [3, 1], stride: [2, 1] }, image(2, 3, 9, 1)),
  form('one window over the whole image', { window: [5, 7] }, image(2, 3, 5, 7)),
  form('windows of one element, with gaps', { window: [1, 1], stride: [2, 3] }, image(2, 2, 7, 8)),
  form('stride larger than the window', { window: [2, 2], stride: [3, 4] }, image(2, 2, 11, 10)),
  form('rows and columns left over', { window: [3, 2] }, image(2, 2, 8, 7)),
  form('windows that overlap: 3×3 by 2', { window: [3, 3], stride: [2, 2] }, image(3, 2, 9, 11)),
  form('25 windows meet in an element', { window: [5, 5], stride: [1, 1] }, image(1, 2, 11, 12)),
  form(
    'windows with one real element in each corner',
    { window: [3, 4], stride: [1, 1], padding: [2, 2, 3, 3] },
    image(2, 1, 4, 5),
  ),
  form(
    'one pixel, in another corner of every window',
    { window: [2, 3], stride: [1, 1], padding: [1, 1, 2, 2] },
    image(1, 2, 1, 1),
  ),
  form('padding of each side alone: top', { window: [3, 3], stride: [1, 1], padding: [2, 0, 0, 0] }, image(1, 2, 5, 6)),
  form(
    'padding of each side alone: bottom',
    { window: [3, 3], stride: [1, 1], padding: [0, 2, 0, 0] },
    image(1, 2, 5, 6),
  ),
  form(
    'padding of each side alone: left',
    { window: [3, 3], stride: [1, 1], padding: [0, 0, 2, 0] },
    image(1, 2, 5, 6),
  ),
  form(
    'padding of each side alone: right',
    { window: [3, 3], stride: [1, 1], padding: [0, 0, 0, 2] },
    image(1, 2, 5, 6),
  ),
  form('every attribute at once', { window: [4, 3], stride: [3, 2], padding: [3, 1, 0, 2] }, image(3, 2, 9, 10)),
  form('AlexNet’s first pool: 55 → 27', { window: [3, 3], stride: [2, 2] }, image(1, 2, 55, 55)),
  form('AlexNet’s last pool: 13 → 6', { window: [3, 3], stride: [2, 2] }, image(2, 3, 13, 13)),
  form('15, 16 and 17', {}, image(17, 15, 16, 16)),
  form('31 by 33, 63 outputs', { window: [2, 2], stride: [1, 1] }, image(2, 1, 33, 64)),
  form('63 planes of 65', { window: [1, 2], stride: [1, 2] }, image(7, 9, 1, 130)),
  form('64 outputs', { window: [2, 2] }, image(1, 1, 16, 16)),
  form('65 outputs', { window: [2, 1] }, image(1, 5, 2, 13)),
  form('255 columns, 256 outputs', { window: [1, 2], stride: [1, 1], padding: [0, 0, 1, 1] }, image(1, 1, 1, 255)),
  form('257 channels', { window: [2, 1] }, image(1, 257, 3, 1)),
  form('65,535 columns', { window: [1, 2] }, image(1, 1, 2, 65535)),
  form('65,537 rows', { window: [3, 1], stride: [2, 1], padding: [1, 0, 0, 0] }, image(1, 1, 65537, 1)),
  form('65,536 planes', {}, image(256, 256, 2, 2)),
  form('more elements than one row of workgroups', { window: [1, 1] }, image(1, 2, 1024, 2049)),
]

/** Attributes and shapes over their whole range; what does not fit is refused, and drawn again. */
export const randomPool = (draw: Draws): Pick<Form, 'attrs' | 'shapes'> => {
  const [KH, KW] = [draw.integer(1, 4), draw.integer(1, 4)]
  const padded = draw.uniform() < 0.6
  const side = (window: number): number => (padded ? draw.integer(0, window - 1) : 0)
  return {
    attrs: {
      window: [KH, KW],
      ...(draw.uniform() < 0.7 ? { stride: [draw.integer(1, 5), draw.integer(1, 5)] } : {}),
      padding: [side(KH), side(KH), side(KW), side(KW)],
    },
    shapes: image(draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 12), draw.integer(1, 12)),
  }
}

/** A plane of rows. */
export const plane = (...rows: readonly (readonly number[])[]): Tensor => ({
  shape: [1, 1, rows.length, rows[0]?.length ?? 0],
  data: rows.flat(),
})

/** A ramp of side `n`: the element in row r and column s is r·n + s. */
export const ramp = (n: number): Tensor => generate([1, 1, n, n], (i) => i)

/** What pools of 3×3 by 2 make of a ramp of side n, if they take the element at (row, column) of each window. */
export const pickedFromRamp = (n: number, outputs: number, row: number, column: number): Tensor =>
  generate([1, 1, outputs, outputs], (i) => (2 * Math.floor(i / outputs) + row) * n + 2 * (i % outputs) + column)
