import { either as E, function as F } from 'fp-ts'
import { cutAlong, foldRows, rowOf } from '../../spec/axis.js'
import type { Result } from '../../spec/error.js'
import type { Question } from '../../spec/program.js'
import type { Numbers, Shape, Tensor } from '../../spec/tensor.js'
import { filled, generate, zipTensors } from '../../spec/tensor.js'
import { rearranged, rolled, transposed } from '../arrange.js'
import type { Form } from '../form.js'
import { equal, named } from '../laws.js'
import { whole } from '../../spec/field.js'
import type { Claim, Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'

/** What the ops that take the rows along an axis each by itself have in common: their shapes and some of their laws. */

/** One rounding to f64, in either direction. */
export const unit = 2 ** -52

export const at = (numbers: Numbers, i: number): number => numbers[i] as number
export const plus = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a + b)

/** The axis that a sample names, counted from the front. */
export const axisOf = ({ attrs, inputs }: Question): number => {
  const [axis, rank] = [attrs['axis'] as number, named(inputs, 'x').shape.length]
  return axis < 0 ? axis + Math.max(rank, 1) : axis
}

/** The sums along the axis, and a bound of what adding n numbers in f64 may err: n roundings of their magnitudes. */
const sums = (axis: number, x: Tensor): Result<{ readonly total: Tensor; readonly rounding: Tensor }> =>
  F.pipe(
    cutAlong(axis, x.shape),
    E.map((cut) => ({
      total: whole(foldRows(cut, 0, (sum, i) => sum + at(x.data, i))),
      rounding: whole(foldRows(cut, 0, (sum, i) => sum + cut.extent * unit * Math.abs(at(x.data, i)))),
    })),
  )

/** Every row of an answer sums to the same number. */
export const rowsSumTo = (wanted: number, axis: number, output: string, { values, slack }: Evaluation): Result<Claim> =>
  F.pipe(
    E.Do,
    E.bind('answer', () => sums(axis, named(values, output))),
    E.bind('errors', () => sums(axis, named(slack, output))),
    E.map(({ answer: { total, rounding }, errors }) => ({
      got: total,
      want: filled(total.shape, wanted),
      allowed: plus(rounding, plus(errors.total, errors.rounding)),
    })),
  )

export const shifted: Law = {
  name: 'adding a constant to every logit of a row changes nothing',
  claims: (sample, ask, draw) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      // eighths up to 1024, far enough for e^x to leave f64, and f64 holds such a number plus an f32 value
      E.bind('moved', ({ cut }) => {
        const by = generate([cut.outer, cut.inner], () => draw.integer(-8192, 8192) / 8)
        return E.right(generate(x.shape, (i) => at(x.data, i) + at(by.data, rowOf(cut, i))))
      }),
      E.bind('before', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('after', ({ moved }) => ask('forward', sample.attrs, { x: moved })),
      E.bind('dx', () => ask('backward', sample.attrs, sample.inputs, sample.cotangents)),
      E.bind('movedDx', ({ moved }) => ask('backward', sample.attrs, { x: moved }, sample.cotangents)),
      E.map(({ before, after, dx, movedDx }) => [equal('y', after, before), equal('x', movedDx, dx)]),
    )
  },
}

export const alongTheLastAxis: Law = {
  name: 'along an axis it is that of the transpose along the last axis',
  claims: (sample, ask) => {
    const { attrs, inputs, cotangents } = sample
    const x = named(inputs, 'x')
    const axis = axisOf(sample)
    const last = x.shape.length - 1
    // the axis and the last one exchanged: a transposition undoes itself
    const order = x.shape.map((_, a) => (a === axis ? last : a === last ? axis : a))
    const t = (tensor: Tensor): Tensor => transposed(order, tensor)
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('ofTranspose', () => ask('forward', { axis: -1 }, { x: t(x) })),
      E.bind('dx', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('dxOfTranspose', () => ask('backward', { axis: -1 }, { x: t(x) }, { y: t(named(cotangents, 'y')) })),
      E.map(({ y, ofTranspose, dx, dxOfTranspose }) => [
        equal('y', y, rearranged(t, 'y', ofTranspose)),
        equal('x', dx, rearranged(t, 'x', dxOfTranspose)),
      ]),
    )
  },
}

export const classesInAnyOrder: Law = {
  name: 'classes in another order have the same shares in that order',
  claims: (sample, ask) => {
    const { attrs, inputs, cotangents } = sample
    const roll = (x: Tensor): Tensor => rolled(axisOf(sample), x)
    const x = roll(named(inputs, 'x'))
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('rolledY', () => ask('forward', attrs, { x })),
      E.bind('dx', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('rolledDx', () => ask('backward', attrs, { x }, { y: roll(named(cotangents, 'y')) })),
      E.map(({ y, rolledY, dx, rolledDx }) => [
        equal('y', rolledY, rearranged(roll, 'y', y)),
        equal('x', rolledDx, rearranged(roll, 'x', dx)),
      ]),
    )
  },
}

const along = (axis: number, ...shape: Shape) => form(`axis ${axis} of [${shape.join(',')}]`, { axis }, { x: shape })

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
