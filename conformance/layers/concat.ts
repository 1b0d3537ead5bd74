import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Numbers, Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { transposed } from '../vocabulary/arrange.js'
import { another, answersTo, dot, exactly, named, numbersAgree } from '../vocabulary/claims.js'
import { extents } from '../vocabulary/draws.js'
import { ofAnswer } from '../vocabulary/laws.js'

const numbered = <A>(items: readonly A[]): Readonly<Record<string, A>> =>
  Object.fromEntries(items.map((item, q) => [`x${q}`, item]))

// shapes that differ along one axis only
const along = (axis: number, shape: Shape, extents: readonly number[]): Form['shapes'] =>
  numbered(extents.map((extent) => shape.map((old, at) => (at === axis ? extent : old))))

const listOf = (data: Numbers): readonly number[] => Array.from({ length: data.length }, (_, i) => data[i] as number)

const placeOf = (axis: number, { shape }: Tensor): number => (axis < 0 ? axis + shape.length : axis)

const appended = ofAnswer(
  'with the axis in front, y’s numbers are those of x0, then those of x1, and so on',
  ({ values }, { attrs, inputs }) => {
    const y = named(values, 'y')
    const axis = placeOf(attrs['axis'] as number, y)
    const order = y.shape.map((_, at) => (at === 0 ? axis : at <= axis ? at - 1 : at))
    const got = transposed(order, y)
    const data = Object.values(inputs).flatMap((x) => listOf(transposed(order, x).data))
    return [exactly(got, { shape: got.shape, data })]
  },
)

const asNumbered: Law = {
  name: 'the numbers of the inputs count, not the order in which they are written down',
  claims: (sample, ask) => {
    const turned = Object.fromEntries(Object.entries(sample.inputs).reverse())
    return F.pipe(
      E.Do,
      E.bind('one', () => answersTo(ask, sample)),
      E.bind('other', () => answersTo(ask, { ...sample, inputs: turned })),
      E.map(({ one, other }) => [
        exactly(named(other.ahead.values, 'y'), named(one.ahead.values, 'y')),
        ...Object.keys(sample.inputs).map((name) =>
          exactly(named(other.back.values, name), named(one.back.values, name)),
        ),
      ]),
    )
  },
}

const takenApart: Law = {
  name: 'backward of y gives the inputs back',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.flatMap(({ values }) => ask('backward', attrs, inputs, { y: named(values, 'y') })),
      E.map(({ values }) => Object.entries(inputs).map(([name, x]) => exactly(named(values, name), x))),
    ),
}

const byAndBy: Law = {
  name: 'one joined to the others joined is all of them joined',
  claims: ({ attrs, inputs }, ask) => {
    const [first, ...others] = Object.values(inputs) as [Tensor, ...Tensor[]]
    return F.pipe(
      E.Do,
      E.bind('atOnce', () => ask('forward', attrs, inputs)),
      E.bind('rest', () => ask('forward', attrs, numbered(others.length === 0 ? [first] : others))),
      E.bind('then', ({ rest }) =>
        ask('forward', attrs, numbered(others.length === 0 ? [first] : [first, named(rest.values, 'y')])),
      ),
      E.map(({ atOnce, then }) => [exactly(named(then.values, 'y'), named(atOnce.values, 'y'))]),
    )
  },
}

const fromEitherEnd: Law = {
  name: 'an axis counted from the end is the same axis',
  claims: ({ attrs, inputs }, ask) => {
    const axis = attrs['axis'] as number
    const rank = named(inputs, 'x0').shape.length
    return F.pipe(
      E.Do,
      E.bind('one', () => ask('forward', attrs, inputs)),
      E.bind('other', () => ask('forward', { axis: axis < 0 ? axis + rank : axis - rank }, inputs)),
      E.map(({ one, other }) => [exactly(named(other.values, 'y'), named(one.values, 'y'))]),
    )
  },
}

// a dot product of drawn numbers has roundings; one of small integers has none
const integers = (x: Tensor): Tensor => mapTensor((v) => Math.round(8 * Math.tanh(v)), x)

const adjoint: Law = {
  name: 'backward to all inputs together is the adjoint of forward',
  claims: ({ attrs, inputs }, ask, draw) => {
    const whole: Tensors = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, integers(x)]))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, whole)),
      E.let('u', ({ ahead }) => integers(another(draw, named(ahead.values, 'y').shape))),
      E.bind('back', ({ u }) => ask('backward', attrs, whole, { y: u })),
      E.map(({ ahead, u, back }) => {
        const sum = Object.entries(whole).reduce((sum, [name, x]) => sum + dot(x, named(back.values, name)), 0)
        return [numbersAgree(dot(named(ahead.values, 'y'), u), sum, 0)]
      }),
    )
  },
}

const of = (
  name: string,
  axis: number,
  shape: Shape,
  extents: readonly number[],
  fills: Readonly<Record<string, Fill>> = {},
): Form => form(name, { axis }, along(axis < 0 ? axis + shape.length : axis, shape, extents), fills)

export const concat = questionsAbout('concat', {
  corners: [
    form('one input is copied', {}, { x0: [3, 5] }),
    form('one number and one number', { axis: 0 }, { x0: [1], x1: [1] }),
    form('the axis of channels unless told', {}, along(1, [2, 0, 4, 3], [3, 1, 5])),
    form('an Inception module: 64, 128, 32 and 32 maps', {}, along(1, [2, 0, 7, 7], [64, 128, 32, 32])),
    of('along the batch', 0, [0, 3, 4], [2, 5, 1]),
    of('along the last axis', -1, [2, 3, 0], [4, 1, 2]),
    of('along the first axis from the end', -3, [0, 3, 2], [2, 2]),
    of('rank 1', 0, [0], [15, 16, 17]),
    of('rank 5', 2, [2, 1, 0, 3, 2], [3, 4]),
    of('axes of 1 on both sides', 1, [1, 0, 1], [63, 64, 65]),
    of('axes of 1 to be joined', 1, [5, 0, 3], [1, 1, 1, 1]),
    of('eight inputs, as many as bindings', 1, [3, 0, 5], [1, 2, 3, 4, 5, 6, 7, 8]),
    of(
      'twenty inputs, more than any shader’s bindings',
      1,
      [3, 0, 2],
      Array.from({ length: 20 }, (_, q) => 1 + (q % 4)),
    ),
    of('a long one after a short one', 1, [1, 0], [1, 257]),
    of('255 and 1', 1, [17, 0], [255, 1]),
    of('65,535 and 2', 0, [0], [65535, 2]),
    of('65,537 rows of two', 1, [65537, 0], [1, 1]),
    of('more than one row of workgroups', 1, [3, 0, 1024], [1500, 2]),
    of('zeros of either sign, and the ends of the range', 0, [0], [5, 1], {
      x0: { values: [0, -0, 2 ** -126, 3.4028234663852886e38, -3.4028234663852886e38] },
    }),
  ],
  random: (draw) => {
    const rank = draw.integer(1, 5)
    const axis = draw.integer(0, rank - 1)
    const shape = extents(draw, rank, 4)
    const lengths = extents(draw, draw.pick([1, 2, 2, 3, 3, 4, 11]), 5)
    return {
      attrs: { axis: draw.pick([axis, axis - rank]) },
      shapes: along(axis, shape, lengths),
      fills: { x0: draw.pick(['normal', 'small', 'wide']) },
    }
  },
  laws: [asNumbered, appended, takenApart, byAndBy, fromEitherEnd, adjoint],
  worked: [
    {
      name: 'two maps beside one: channels 1 and 2, then 3, for each image',
      attrs: { axis: 1 },
      inputs: {
        x0: { shape: [2, 2, 1, 2], data: [1, 2, 3, 4, 7, 8, 9, 10] },
        x1: { shape: [2, 1, 1, 2], data: [5, 6, 11, 12] },
      },
      outputs: { y: { shape: [2, 3, 1, 2], data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] } },
      source: slide('GoogLeNet'),
    },
    {
      name: 'columns beside columns, as NumPy’s concatenate has them: ((a, b), axis=1)',
      attrs: { axis: -1 },
      inputs: { x0: { shape: [2, 2], data: [1, 2, 3, 4] }, x1: { shape: [2, 1], data: [5, 6] } },
      outputs: { y: { shape: [2, 3], data: [1, 2, 5, 3, 4, 6] } },
      source: 'documentation of numpy.concatenate, its third example',
    },
    {
      name: 'and each branch gets its own part of the gradient',
      attrs: { axis: 1 },
      inputs: { x0: { shape: [2, 2], data: [0, 0, 0, 0] }, x1: { shape: [2, 1], data: [0, 0] } },
      cotangents: { y: { shape: [2, 3], data: [1, 2, 5, 3, 4, 6] } },
      outputs: { x0: { shape: [2, 2], data: [1, 2, 3, 4] }, x1: { shape: [2, 1], data: [5, 6] } },
      source: 'by hand: the part of y that a branch made',
    },
  ],
  faults: [
    {
      name: 'the first input again and again',
      direction: 'forward',
      find: 'at3(piece, o, j, k)',
      replace: 'at3(pieces[0], o, j % extents[0], k)',
      unseenAt: form('', {}, { x0: [2, 3] }),
    },
    {
      name: 'the first outer index for all: one image for the batch',
      direction: 'forward',
      find: 'piece, o, j',
      replace: 'piece, 0, j',
      unseenAt: form('', {}, { x0: [1, 3], x1: [1, 2] }),
    },
    {
      name: 'inputs in reverse',
      direction: 'forward',
      find: 'owners[at]',
      replace: 'owners[total - 1 - at]',
      unseenAt: form('', {}, { x0: [2, 1], x1: [2, 1] }, { x0: { constant: 3 }, x1: { constant: 3 } }),
    },
    {
      name: 'one after the other in memory, as along axis 0',
      direction: 'forward',
      find: 'tabulate3([outer, total, inner], (o, at, k) => {',
      replace:
        'tabulate3([outer, total, inner], (o, at, k) => { return pieces.flatMap((p) => Array.from(p.data))[(o * total + at) * inner + k];',
      unseenAt: form('', {}, { x0: [1, 2], x1: [1, 3] }),
    },
    {
      name: 'a copy that errs by 2⁻¹¹',
      direction: 'forward',
      find: 'at3(piece, o, j, k)',
      replace: 'at3(piece, o, j, k) * (1 + 2 ** -11)',
      unseenAt: form('', {}, { x0: [2, 3], x1: [2, 1] }),
    },
    {
      name: 'every branch gets the first part of the gradient',
      direction: 'backward',
      find: 'start + j',
      replace: 'j',
      unseenAt: form('', {}, { x0: [2, 3] }),
    },
    {
      name: 'a branch’s gradient starts one late',
      direction: 'backward',
      find: 'start + j',
      replace: '(start + j + 1) % total',
      unseenAt: form('', {}, { x0: [2, 3], x1: [2, 1] }, { dy: { constant: 2 } }),
    },
    {
      name: 'a gradient shared out among the branches',
      direction: 'backward',
      find: 'at3(dy, o, start + j, k)',
      replace: 'at3(dy, o, start + j, k) / extents.length',
      unseenAt: form('', {}, { x0: [2, 3] }),
    },
  ],
})
