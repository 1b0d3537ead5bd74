import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, indexOf, sameShape } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { another, at, claim, equals, exactly, named } from './claims.js'
import { ofAnswer } from './laws.js'

/**
 * Laws of a single 1: what an op that is linear makes of one, anywhere, under all attributes of the sample at once, is a
 * definition of the op, together with its linearity.
 */

/** A tensor of zeros and a 1 at an index. */
const single = (shape: Shape, index: Shape): Tensor =>
  generate(shape, (position) => (sameShape(indexOf(shape, position), index) ? 1 : 0))

const anyIndex = (draw: Draws, shape: Shape): Shape => shape.map((extent) => draw.integer(0, extent - 1))

/** The element at an index, and 0 outside. */
const atOrZero = (x: Tensor, index: Shape): number =>
  index.some((i, axis) => i < 0 || i >= (x.shape[axis] as number))
    ? 0
    : at(
        x,
        index.reduce((position, i, axis) => position * (x.shape[axis] as number) + i, 0),
      )

const listOf = (attrs: Attributes, name: string): readonly number[] => attrs[name] as readonly number[]

/** Where tap k of window i stands, along each axis behind the channels: i·stride + k·dilation − what was padded before. */
const standing = (attrs: Attributes, windows: Shape, taps: Shape): Shape => {
  const [stride, dilation, padding] = ['stride', 'dilation', 'padding'].map((name) => listOf(attrs, name)) as [
    Shape,
    Shape,
    Shape,
  ]
  return windows.map(
    (i, a) => i * (stride[a] as number) + (taps[a] as number) * (dilation[a] as number) - (padding[2 * a] as number),
  )
}

/** A convolution by a filter of a single 1 is the image, as that tap of that channel sees it, in the 1's output alone. */
export const oneTapPicks: Law = {
  name: 'a filter of a single 1, anywhere, picks a pixel of its channel for each window, under any attributes',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [x, { shape }] = [named(inputs, 'x'), named(inputs, 'w')]
    const [O = 1, Cg = 1, ...window] = shape
    const groups = attrs['groups'] as number
    // one in each group
    const ones = Array.from({ length: Math.min(groups, 4) }, (_, group) => {
      const [output = 0, channel = 0, ...taps] = anyIndex(draw, [O / groups, Cg, ...window])
      return { group, output: group * (O / groups) + output, channel, taps }
    })
    return E.sequenceArray(
      ones.map(({ group, output, channel, taps }) =>
        F.pipe(
          ask('forward', attrs, { x, w: single(shape, [output, channel, ...taps]) }),
          E.map((answer) => {
            const y = named(answer.values, 'y')
            const want = generate(y.shape, (position) => {
              const [n = 0, o, ...windows] = indexOf(y.shape, position)
              return o === output ? atOrZero(x, [n, group * Cg + channel, ...standing(attrs, windows, taps)]) : 0
            })
            return equals('y', answer, want)
          }),
        ),
      ),
    )
  },
}

/** A transposed convolution of a single 1 is the filter of its channel, its taps where the 1 stands, in its group alone. */
export const onePixelStamps: Law = {
  name: 'a single 1, anywhere, stamps its filter on its group’s outputs, under any attributes',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [{ shape }, w] = [named(inputs, 'x'), named(inputs, 'w')]
    const [sample = 0, channel = 0, ...pixel] = anyIndex(draw, shape)
    const [C = 1, Og = 1, ...window] = w.shape
    const group = Math.floor(channel / (C / (attrs['groups'] as number)))
    return F.pipe(
      ask('forward', attrs, { x: single(shape, [sample, channel, ...pixel]), w }),
      E.map((answer) => {
        const y = named(answer.values, 'y')
        const everyTap = Array.from({ length: window.reduce((n, extent) => n * extent, 1) }, (_, tap) =>
          indexOf(window, tap),
        )
        const want = generate(y.shape, (position) => {
          const [n, o = 0, ...place] = indexOf(y.shape, position)
          const tap = everyTap.find((taps) => sameShape(standing(attrs, pixel, taps), place))
          return n === sample && Math.floor(o / Og) === group && tap !== undefined
            ? atOrZero(w, [channel, o % Og, ...tap])
            : 0
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

/** A bias is added to all of its output, whatever the attributes. */
export const biasIsAddedThroughout: Law = {
  name: 'a bias is added to every element of its output, under any attributes',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [x, w] = [named(inputs, 'x'), named(inputs, 'w')]
    return F.pipe(
      E.Do,
      E.bind('without', () => ask('forward', attrs, { x, w })),
      E.let('b', ({ without }) => another(draw, [named(without.values, 'y').shape[1] as number])),
      E.bind('both', ({ b }) => ask('forward', attrs, { x, w, b })),
      E.map(({ without, both, b }) => {
        const y = named(without.values, 'y')
        const biasAt = (position: number): number => at(b, indexOf(y.shape, position)[1] as number)
        return [
          claim(
            named(both.values, 'y'),
            (i) => at(y, i) + biasAt(i),
            (i) =>
              at(named(both.slack, 'y'), i) +
              at(named(without.slack, 'y'), i) +
              2 ** -52 * (Math.abs(at(y, i)) + Math.abs(biasAt(i))),
          ),
        ]
      }),
    )
  },
}

/** Rows and columns of window (i,j) of a pool, those on padding too, but none past the padded image. */
const windowAt = (attrs: Attributes, shape: Shape, [i, j]: readonly [number, number]) => {
  const [window, stride, padding] = ['window', 'stride', 'padding'].map((name) => listOf(attrs, name)) as [
    Shape,
    Shape,
    Shape,
  ]
  const along = (axis: number, at: number): readonly number[] => {
    const first = at * (stride[axis] as number) - (padding[2 * axis] as number)
    const end = (shape[2 + axis] as number) + (padding[2 * axis + 1] as number)
    return Array.from({ length: window[axis] as number }, (_, k) => first + k).filter((place) => place < end)
  }
  const [rows, columns] = [along(0, i), along(1, j)]
  return rows.flatMap((r) => columns.map((s) => [r, s] as const))
}

const isIn = (shape: Shape, [r, s]: readonly [number, number]): boolean =>
  r >= 0 && s >= 0 && r < (shape[2] as number) && s < (shape[3] as number)

/** An average of a single 1 is a share: one by the elements that are counted in each window that it lies in. */
export const oneElementIsShared: Law = {
  name: 'a single 1, anywhere, is shared among the counted elements of each window that it lies in, under any attributes',
  claims: ({ attrs, inputs }, ask, draw) => {
    const { shape } = named(inputs, 'x')
    const place = anyIndex(draw, shape)
    return F.pipe(
      ask('forward', attrs, { x: single(shape, place) }),
      E.map((answer) => {
        const y = named(answer.values, 'y')
        const want = generate(y.shape, (position) => {
          const [n, c, i = 0, j = 0] = indexOf(y.shape, position)
          const window = windowAt(attrs, shape, [i, j])
          const counted = window.filter((each) => attrs['countIncludePad'] === true || isIn(shape, each)).length
          const inside = window.some(([r, s]) => sameShape([n as number, c as number, r, s], place))
          return inside ? 1 / counted : 0
        })
        return [equals('y', answer, want)]
      }),
    )
  },
}

/** An average of ones with padding counted is the part of what is counted that is real, in windows that hang over as well. */
export const onesAreTheirShare: Law = ofAnswer(
  'an image of ones is, in each window, the part of its elements within the padding that are real, rounded up too',
  (answer, { attrs, inputs }) => {
    const { shape } = named(inputs, 'x')
    const y = named(answer.values, 'y')
    const want = generate(y.shape, (position) => {
      const [, , i = 0, j = 0] = indexOf(y.shape, position)
      const window = windowAt(attrs, shape, [i, j])
      const real = window.filter((each) => isIn(shape, each)).length
      return real / window.length
    })
    return [equals('y', answer, want)]
  },
  ({ attrs, inputs }) => ({
    attrs: { ...attrs, ceilMode: true, countIncludePad: true },
    inputs: { x: generate(named(inputs, 'x').shape, () => 1) },
  }),
)

/** A maximum is the largest number that its window stands on. */
export const largestInItsWindow: Law = ofAnswer(
  'each maximum is the largest number that its window stands on, under any attributes',
  ({ values }, { attrs, inputs }) => {
    const [x, y] = [named(inputs, 'x'), named(values, 'y')]
    const want = generate(y.shape, (position) => {
      const [n = 0, c = 0, i = 0, j = 0] = indexOf(y.shape, position)
      const seen = windowAt(attrs, x.shape, [i, j]).filter((each) => isIn(x.shape, each))
      return Math.max(...seen.map(([r, s]) => atOrZero(x, [n, c, r, s])))
    })
    return [exactly(y, want)]
  },
)
