import { either as E, function as F } from 'fp-ts'
import type { Cut } from '../../spec/axis.js'
import { cutAlong, foldRows, rowOf } from '../../spec/axis.js'
import type { Result } from '../../spec/error.js'
import { whole } from '../../spec/field.js'
import type { Draws } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { filled, generate } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Claim, Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'
import { rearranged, rolled, transposed } from './arrange.js'
import { another, answersTo, at, claim, equal, named, plus, unit } from './claims.js'
import { extents } from './draws.js'
import { rearranging } from './laws.js'

/** Cases and laws of ops that take the rows along an axis each by itself, and of rows of logits among them. */

// ---- laws --------------------------------------------------------------------------------------------------------

/** The axis that a sample names, counted from the front. */
export const axisOf = ({ attrs, inputs }: Question): number => {
  const [axis, rank] = [attrs['axis'] as number, named(inputs, 'x').shape.length]
  return axis < 0 ? axis + Math.max(rank, 1) : axis
}

/** A law of an op's answers to a sample, told where its rows lie. */
export const ofRows = (
  name: string,
  claims: (
    answers: { readonly ahead: Evaluation; readonly back: Evaluation },
    cut: Cut,
    sample: Question,
  ) => Result<readonly Claim[]>,
): Law => ({
  name,
  claims: (sample, ask) =>
    F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), named(sample.inputs, 'x').shape)),
      E.bind('answers', () => answersTo(ask, sample)),
      E.flatMap(({ cut, answers }) => claims(answers, cut, sample)),
    ),
})

/** The place of the first element of the row that an element is of. */
export const firstOfRow = (cut: Cut, i: number): number => i - (Math.floor(i / cut.inner) % cut.extent) * cut.inner

/** Every row of an answer sums to the same number; adding n numbers in f64 errs at most n roundings of their magnitudes. */
export const rowsSumTo = (wanted: number, cut: Cut, output: string, { values, slack }: Evaluation): Claim => {
  const sums = (f: (i: number) => number): Tensor => whole(foldRows(cut, 0, (sum, i) => sum + f(i)))
  const [y, e] = [named(values, output), named(slack, output)]
  const rounding = (x: Tensor): Tensor => sums((i) => cut.extent * unit * Math.abs(at(x, i)))
  const total = sums((i) => at(y, i))
  return {
    got: total,
    want: filled(total.shape, wanted),
    allowed: [sums((i) => at(e, i)), rounding(e)].reduce(plus, rounding(y)),
  }
}

export const shifted: Law = {
  name: 'adding a constant to every logit of a row changes nothing',
  claims: (sample, ask, draw) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      // eighths up to 1024, far enough for e^x to leave f64, and f64 holds such a number plus an f32 value
      E.let('moved', ({ cut }) => {
        const by = generate([cut.outer, cut.inner], () => draw.integer(-8192, 8192) / 8)
        return generate(x.shape, (i) => at(x, i) + at(by, rowOf(cut, i)))
      }),
      E.bind('before', () => answersTo(ask, sample)),
      E.bind('after', ({ moved }) => answersTo(ask, { ...sample, inputs: { x: moved } })),
      E.map(({ before, after }) => [equal('y', after.ahead, before.ahead), equal('x', after.back, before.back)]),
    )
  },
}

export const alongTheLastAxis: Law = {
  name: 'along an axis it is that of the transpose along the last axis',
  claims: (sample, ask) => {
    const x = named(sample.inputs, 'x')
    const axis = axisOf(sample)
    const last = x.shape.length - 1
    // the axis and the last one exchanged: a transposition undoes itself
    const order = x.shape.map((_, a) => (a === axis ? last : a === last ? axis : a))
    const t = (tensor: Tensor): Tensor => transposed(order, tensor)
    return F.pipe(
      E.Do,
      E.bind('given', () => answersTo(ask, sample)),
      E.bind('ofTranspose', () =>
        answersTo(ask, {
          attrs: { axis: -1 },
          inputs: { x: t(x) },
          cotangents: { y: t(named(sample.cotangents, 'y')) },
        }),
      ),
      E.map(({ given, ofTranspose }) => [
        equal('y', given.ahead, rearranged(t, 'y', ofTranspose.ahead)),
        equal('x', given.back, rearranged(t, 'x', ofTranspose.back)),
      ]),
    )
  },
}

export const classesInAnyOrder: Law = rearranging(
  'classes in another order have the same shares in that order',
  (sample) => {
    const roll = (x: Tensor): Tensor => rolled(axisOf(sample), x)
    return { x: roll, y: roll }
  },
)

/** A law of 12 pairs of logits x₀ and x₁, told from x₁ − x₀: what of `output` the oracle has, and what it is. */
export const ofPairs = (
  name: string,
  [input, output]: readonly [string, string],
  asked: (x: Tensor, sample: Question) => Pick<Question, 'attrs' | 'inputs'>,
  { place, formula }: { readonly place: (n: number) => number; readonly formula: (gap: number) => number },
): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const x = another(draw, [12, 2])
    const gap = (n: number): number => at(x, 2 * n + 1) - at(x, 2 * n)
    const { attrs, inputs } = asked(x, sample)
    return F.pipe(
      ask('forward', attrs, { ...inputs, [input]: x }),
      E.map(({ values, slack }) => [
        claim(
          generate([12], (n) => at(named(values, output), place(n))),
          (n) => formula(gap(n)),
          // e^gap errs by a rounding or two and by |gap| of its argument's, and log1p of it is at least as well
          // conditioned; then the logarithm's own
          (n) => at(named(slack, output), place(n)) + (4 + Math.abs(gap(n))) * unit * Math.abs(formula(gap(n))),
        ),
      ]),
    )
  },
})

// ---- cases -------------------------------------------------------------------------------------------------------

const along = (axis: number, ...shape: Shape): Form =>
  form(`axis ${axis} of [${shape.join(',')}]`, { axis }, { x: shape })

/** Rows along every axis, few and many, of lengths about those of workgroups and of blocks of a sum. */
export const rowCorners: readonly Form[] = [
  along(0),
  along(-1),
  along(0, 1),
  ...[0, 1, 2, -1, -2, -3].map((axis) => along(axis, 3, 4, 5)),
  ...[0, 1, 2, 3, 4].map((axis) => along(axis, 2, 3, 5, 4, 2)),
  ...[0, 1, 2, 3].map((axis) => along(axis, 1, 1, 7, 1)),
  ...[2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257].map((n) => along(1, 3, n)),
  ...[7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257].map((n) => along(0, 5, n)),
  along(1, 7, 65, 9),
  along(0, 257, 3),
  along(0, 1000, 2),
  along(1, 4095, 65),
  along(1, 4096, 65),
  along(0, 65, 4097),
  along(-1, 1, 65537),
  along(0, 65535, 2),
  along(1, 2, 65536, 1),
  along(-1, 65537, 3),
  along(0, 2, 65535),
]

/** Some rows of logits, drawn in one way or given and repeated. */
export const logits = (name: string, shape: Shape, x: Fill, attrs: Form['attrs'] = {}): Form =>
  form(name, attrs, { x: shape }, { x })

/** Rows of logits at which softmax and its kin are known to go wrong. */
export const logitCorners: readonly Form[] = [
  ...rowCorners,
  form('more than one row of workgroups', { axis: 0 }, { x: [64, 65537] }),
  logits('all equal', [3, 10], { constant: 3 }),
  form('two classes', {}, { x: [40, 2] }),
  logits('rows of one class', [65, 1], 'wide', { axis: 1 }),
  logits('logits of ±10,000', [16, 7], { mean: 0, scale: 1e4 }),
  logits('10,000 and its neighbours', [16, 7], { mean: 1e4, scale: 1 }),
  logits('−10,000 and its neighbours', [16, 7], { mean: -1e4, scale: 1 }, { axis: 0 }),
  logits('saturated', [16, 8], 'saturated'),
  logits('saturated, two classes', [128, 2], 'saturated'),
]

/** Shares from about 1 to far below what f32 holds. */
export const vanishing: Fill = { values: [0, -1, -50, -80, -87, -88, -103, -104, -105, -1000, 0.5] }

export const plainLogits: readonly Form[] = [
  logits('wide logits, long rows', [4, 1000], 'wide'),
  logits('small logits', [5, 20], 'small'),
  logits('ties', [20, 6], 'ties'),
  form('a cotangent of one class', {}, { x: [12, 10] }, { dy: 'oneHot' }),
]

/** Drawn logits, along any axis of any shape. */
export const anyLogits = (draw: Draws): Form => {
  const rank = draw.integer(0, 4)
  const axes = Math.max(rank, 1)
  return {
    attrs: { axis: draw.integer(-axes, axes - 1) },
    shapes: { x: extents(draw, rank) },
    fills: { x: draw.pick<Fill>(['normal', 'wide', 'small', 'ties', { mean: 0, scale: 100 }]) },
  }
}
