import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import { slide } from '../../spec/op.js'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, sumOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import type { Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'
import { bordered, part, rearranged, transposed } from './arrange.js'
import { another, answersTo, equal, exactly, named, numbersAgree, size, unit } from './claims.js'
import { array } from './examples.js'
import { ofAnswers, rearranging } from './laws.js'

/** Cases and laws of windows that move over a sequence or an image: pools and convolutions. */

// ---- parts of maps -----------------------------------------------------------------------------------------------

/** The part of [N,C,…] that starts at one place, of so many places. */
export const crop = (x: Tensor, start: Shape, extents: Shape): Tensor =>
  start.reduce((x, from, a) => part(2 + a, from, from + (extents[a] as number), x), x)

export const cropped = (answer: Evaluation, name: string, start: Shape, extents: Shape): Evaluation =>
  rearranged((x) => crop(x, start, extents), name, answer)

/** [N,C,…] with a border of one number, by pairs of before and behind. */
export const padded = (x: Tensor, padding: Shape, value = 0): Tensor =>
  x.shape
    .slice(2)
    .reduce((x, _, a) => bordered(2 + a, padding[2 * a] as number, padding[2 * a + 1] as number, x, value), x)

const places = ({ shape }: Tensor): Shape => shape.slice(2)

// ---- laws --------------------------------------------------------------------------------------------------------

/** A window sees what it stands on: moved by the stride, the image gives the map moved by one. */
export const shifts = (
  name: string,
  given: (
    attrs: Attributes,
    draw: Draws,
  ) => {
    readonly attrs: Attributes
    readonly stride: Shape
    readonly x: Tensor
    readonly parameters?: Readonly<Record<string, Tensor>>
  },
): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const { attrs, stride, x, parameters = {} } = given(sample.attrs, draw)
    const rest = places(x).map((extent, a) => extent - (stride[a] as number))
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', attrs, { x, ...parameters })),
      E.bind('part', () => ask('forward', attrs, { x: crop(x, stride, rest), ...parameters })),
      E.map(({ all, part }) => [
        equal(
          'y',
          part,
          cropped(
            all,
            'y',
            rest.map(() => 1),
            places(named(part.values, 'y')),
          ),
        ),
      ]),
    )
  },
})

export const poolShifts: Law = shifts('shifting the image by the stride shifts the map', (attrs, draw) => {
  const [KH, KW] = attrs['window'] as readonly [number, number]
  const [sh, sw] = attrs['stride'] as readonly [number, number]
  return {
    attrs: { ...attrs, padding: [0, 0, 0, 0] },
    stride: [sh, sw],
    x: another(draw, [2, 2, KH + 6 + sh, KW + 7 + sw]),
  }
})

/** Whether the padded image is as large as the window; if it is not, a window can only hang over. */
const windowsFit = (attrs: Attributes, x: Tensor): boolean => {
  const [window, padding] = [attrs['window'] as Shape, attrs['padding'] as Shape]
  return places(x).every(
    (extent, a) => (window[a] as number) <= extent + (padding[2 * a] as number) + (padding[2 * a + 1] as number),
  )
}

/** Padding is a border of one number, forward and backward, under these attributes. */
export const paddingIsABorder = (name: string, border: number, always: Attributes): Law => ({
  name,
  claims: ({ attrs, inputs }, ask, draw) => {
    const window = attrs['window'] as readonly [number, number]
    const given = named(inputs, 'x')
    const x = windowsFit(attrs, given)
      ? given
      : another(draw, [...given.shape.slice(0, 2), window[0] + 1, window[1] + 2])
    const padding = attrs['padding'] as readonly [number, number, number, number]
    // rounded up, a window may start in what was padding, and may not once that is the image
    const inside = { ...attrs, ceilMode: false, ...always }
    return F.pipe(
      E.Do,
      E.bind('shape', () => ask('forward', inside, { x })),
      E.let('cotangents', ({ shape }) => ({ y: another(draw, named(shape.values, 'y').shape) })),
      E.bind('given', ({ cotangents }) => answersTo(ask, { attrs: inside, inputs: { x }, cotangents })),
      E.bind('outside', ({ cotangents }) =>
        answersTo(ask, {
          attrs: { ...inside, padding: [0, 0, 0, 0] },
          inputs: { x: padded(x, padding, border) },
          cotangents,
        }),
      ),
      E.map(({ given, outside }) => [
        equal('y', outside.ahead, given.ahead),
        equal('x', cropped(outside.back, 'x', [padding[0], padding[2]], places(x)), given.back),
      ]),
    )
  },
})

/**
 * How many windows there are if what is left over has one as well: one after the other while something of the padded image
 * is behind the last, but none that starts in the padding behind or further on.
 */
const windowsAlong = (
  size: number,
  [before, after]: readonly [number, number],
  window: number,
  stride: number,
): number => {
  const starts = Array.from({ length: size + before + after }, (_, i) => i * stride)
  return starts.filter((start, i) => {
    const isReached = i > 0 && start - stride + window >= before + size + after
    return !isReached && start < before + size
  }).length
}

/** With ceilMode there are the windows that fit, and those that hang over the end; the former are what they are without. */
export const roundedUp: Law = {
  name: 'rounded up, a window more sees what is left over, unless it starts in the padding behind; the others stay',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const [window, stride, padding] = ['window', 'stride', 'padding'].map((name) => attrs[name] as Shape) as [
      Shape,
      Shape,
      Shape,
    ]
    const extents = places(x).map((extent, a) =>
      windowsAlong(
        extent,
        [padding[2 * a] as number, padding[2 * a + 1] as number],
        window[a] as number,
        stride[a] as number,
      ),
    )
    return F.pipe(
      ask('forward', { ...attrs, ceilMode: true }, inputs),
      E.flatMap((up) => {
        const y = named(up.values, 'y')
        const shape = exactly(array([...places(y)]), array(extents))
        if (!windowsFit(attrs, x)) return E.right([shape])
        return F.pipe(
          ask('forward', { ...attrs, ceilMode: false }, inputs),
          E.map((down) => {
            const kept = places(named(down.values, 'y'))
            // one more at most
            const more = array(extents.map((extent, a) => Math.max(0, extent - (kept[a] as number) - 1)))
            return [shape, exactly(more, array([0, 0])), equal('y', cropped(up, 'y', [0, 0], kept), down)]
          }),
        )
      }),
    )
  },
}

/** A window of one element leaves the image, and its gradient, as they are: a maximum of one, or a quotient by 1, is exact. */
export const oneElementWindows: Law = ofAnswers(
  'windows of one element change nothing',
  ({ ahead, back }, { inputs, cotangents }) => [
    exactly(named(ahead.values, 'y'), named(inputs, 'x')),
    exactly(named(back.values, 'x'), named(cotangents, 'y')),
  ],
  ({ attrs, inputs }, draw) => ({
    attrs: { ...attrs, window: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] },
    cotangents: { y: another(draw, named(inputs, 'x').shape) },
  }),
)

/** What comes in goes out: Σ dx = Σ dy, where every window hands all of its cotangent on. */
export const gradientKeepsItsMass = (always: Attributes): Law =>
  ofAnswers(
    'no cotangent is lost: Σ dx = Σ dy',
    ({ back: { values, slack } }, { cotangents }) => {
      const [dx, dy] = [named(values, 'x'), named(cotangents, 'y')]
      const rounding = (t: Tensor): number => t.data.length * unit * sumOf(size(t).data)
      return [numbersAgree(sumOf(dx.data), sumOf(dy.data), sumOf(named(slack, 'x').data) + rounding(dx) + rounding(dy))]
    },
    ({ attrs }) => ({ attrs: { ...attrs, ...always } }),
  )

const exchanged = (x: Tensor): Tensor => transposed([1, 0, ...x.shape.slice(2).map((_, a) => a + 2)], x)

/** Each plane is treated by itself: exchanging samples and channels of the batch exchanges those of the map. */
export const planesAreAlike: Law = rearranging('samples and channels may be exchanged', () => ({
  x: exchanged,
  y: exchanged,
}))

// ---- cases -------------------------------------------------------------------------------------------------------

/** An image of [N,C,H,W]. */
export const image = (...shape: readonly [number, number, number, number]): { readonly x: Shape } => ({ x: shape })

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

/** Edges of windows that hang over the end, with these attributes besides. */
export const hangingCorners = (attrs: Attributes): readonly Form[] => {
  const hanging = (name: string, more: Attributes, shape: readonly [number, number, number, number]): Form =>
    form(
      `rounded up: ${name}${Object.keys(attrs)
        .map((key) => `, ${key}`)
        .join('')}`,
      { ceilMode: true, ...attrs, ...more },
      image(...shape),
    )
  return [
    hanging('nothing left over', {}, [2, 2, 4, 6]),
    hanging('a row and a column left over', {}, [2, 3, 5, 7]),
    hanging('3×3 by 2, which overlap', { window: [3, 3], stride: [2, 2] }, [2, 2, 4, 6]),
    hanging('two rows left over, one column', { window: [4, 3], stride: [3, 2] }, [1, 2, 9, 8]),
    hanging('padded on every side', { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }, [1, 2, 4, 6]),
    hanging('padded before', { window: [3, 2], stride: [2, 2], padding: [2, 0, 1, 0] }, [2, 1, 6, 6]),
    hanging('padded behind', { window: [3, 3], stride: [2, 3], padding: [0, 2, 0, 1] }, [2, 1, 6, 6]),
    hanging('the last window would start in the padding behind', { padding: [1, 1, 1, 1] }, [1, 2, 1, 5]),
    hanging('the last window would start behind all', { window: [1, 2], stride: [4, 5] }, [1, 1, 8, 9]),
    hanging('a window larger than the image', { window: [4, 3], stride: [2, 2] }, [2, 2, 3, 2]),
    hanging('stride larger than the window', { window: [2, 2], stride: [3, 3] }, [1, 2, 9, 10]),
    hanging('only columns', { window: [1, 3], stride: [1, 2] }, [2, 2, 3, 6]),
  ]
}

/** Attributes and shapes of pools over their whole range; what does not fit is refused, and drawn again. */
export const anyPool = (draw: Draws): Pick<Form, 'attrs' | 'shapes'> => {
  const [KH, KW] = [draw.integer(1, 4), draw.integer(1, 4)]
  const padded = draw.uniform() < 0.6
  const side = (window: number): number => (padded ? draw.integer(0, window - 1) : 0)
  return {
    attrs: {
      window: [KH, KW],
      ...(draw.uniform() < 0.7 ? { stride: [draw.integer(1, 5), draw.integer(1, 5)] } : {}),
      padding: [side(KH), side(KH), side(KW), side(KW)],
      ...(draw.uniform() < 0.4 ? { ceilMode: true } : {}),
    },
    shapes: image(draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 12), draw.integer(1, 12)),
  }
}

/** A list of so many integers in a range. */
export const integers = (draw: Draws, count: number, [low, high]: readonly [number, number]): readonly number[] =>
  Array.from({ length: count }, () => draw.integer(low, high))

/** A bias of so many numbers, in seven cases of ten. */
export const anyBias = (draw: Draws, O: number): Form['shapes'] => (draw.uniform() < 0.7 ? { b: [O] } : {})

/** x and w of an image, or a sequence, of one channel under one filter. */
export const plain = (extents: Shape, window: Shape): Form['shapes'] => ({
  x: [1, 1, ...extents],
  w: [1, 1, ...window],
})

// ---- examples ----------------------------------------------------------------------------------------------------

/** A plane of rows. */
export const plane = (...rows: readonly (readonly number[])[]): Tensor => array([[rows]])

/** The 4×4 image of the slide on pooling. */
export const slidesPlane = plane([1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4])

/** 1 to 16 in four rows. */
export const ramp4 = plane([1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16])

// the element in row r and column s is r·n + s
const ramp = (n: number): Tensor => generate([1, 1, n, n], (i) => i)

// what pools of 3×3 by 2 make of it, if they take the element at (row, column) of each window
const pickedFromRamp = (n: number, outputs: number, row: number, column: number): Tensor =>
  generate([1, 1, outputs, outputs], (i) => (2 * Math.floor(i / outputs) + row) * n + 2 * (i % outputs) + column)

/** AlexNet's pools of 3×3 by 2, from 55 to 27, 13 and 6, on a ramp, of which they take one element of each window. */
export const alexNetsChain = (taken: string, row: number, column: number) =>
  (
    [
      [55, 27],
      [27, 13],
      [13, 6],
    ] as const
  ).map(([n, outputs]) => ({
    name: `AlexNet’s chain: a 3×3 window by 2 takes ${n} to ${outputs}, here on a ramp, whose ${taken}`,
    attrs: { window: [3, 3], stride: [2, 2] } as const,
    inputs: { x: ramp(n) },
    outputs: { y: pickedFromRamp(n, outputs, row, column) },
    source: slide('AlexNet'),
  }))
