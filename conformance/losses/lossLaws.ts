import { either as E, function as F } from 'fp-ts'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate, mapTensor, sumOf } from '../../spec/tensor.js'
import type { Claim, Evaluation, Law } from '../laws.js'
import { equal, named } from '../laws.js'

/** Laws of losses that have a reduction. */

/** One rounding to f64, in either direction. */
export const unit = 2 ** -52

export const element = (x: Tensor, i: number): number => x.data[i] as number

const scalar = (value: number): Tensor => ({ shape: [], data: [value] })

/** A law of the unreduced values. It must not use the sample's cotangents, whose shape is that of another reduction. */
export const unreduced = (law: Law): Law => ({
  name: law.name,
  claims: (sample, ask, draw) =>
    law.claims({ ...sample, attrs: { ...sample.attrs, reduction: 'none' }, cotangents: {} }, ask, draw),
})

/** The sum is the sum of the values, the mean that over their number, and so are the gradients. */
export const reductions = (prediction: string): Law => ({
  name: 'the sum adds up the values, and the mean divides it by their number, forward and backward',
  claims: ({ inputs }, ask, draw) => {
    const d = Math.fround(draw.normal())
    return F.pipe(
      E.Do,
      E.bind('each', () => ask('forward', { reduction: 'none' }, inputs)),
      E.bind('sum', () => ask('forward', { reduction: 'sum' }, inputs)),
      E.bind('mean', () => ask('forward', { reduction: 'mean' }, inputs)),
      E.bind('eachBack', ({ each }) =>
        ask('backward', { reduction: 'none' }, inputs, { loss: filled(named(each.values, 'loss').shape, d) }),
      ),
      E.bind('sumBack', () => ask('backward', { reduction: 'sum' }, inputs, { loss: scalar(d) })),
      // n·d is exact: n is small, and d has 24 bits
      E.bind('meanBack', ({ each }) =>
        ask('backward', { reduction: 'mean' }, inputs, { loss: scalar(named(each.values, 'loss').data.length * d) }),
      ),
      E.map(({ each, sum, mean, eachBack, sumBack, meanBack }) => {
        const values = named(each.values, 'loss')
        const n = values.data.length
        const total: Evaluation = {
          values: { loss: scalar(sumOf(values.data)) },
          // n additions here, beside what every value errs
          slack: {
            loss: scalar(sumOf(named(each.slack, 'loss').data) + n * unit * sumOf(mapTensor(Math.abs, values).data)),
          },
        }
        return [
          equal('loss', sum, total),
          equal(
            'loss',
            {
              values: { loss: mapTensor((v) => n * v, named(mean.values, 'loss')) },
              slack: { loss: mapTensor((e) => n * e, named(mean.slack, 'loss')) },
            },
            total,
          ),
          equal(prediction, sumBack, eachBack),
          equal(prediction, meanBack, sumBack),
        ]
      }),
    )
  },
})

/** Rows of [N,C] with their classes in the opposite order. */
export const classesReversed = (x: Tensor): Tensor => {
  const C = x.shape[1] as number
  return generate(x.shape, (i) => element(x, i - (i % C) + C - 1 - (i % C)))
}

/** Σ over the classes of each row of [N,C]. */
export const rowSums = (x: Tensor, f: (value: number) => number = (v) => v): Tensor => {
  const [N, C] = x.shape as readonly [number, number]
  return generate([N], (n) => sumOf(Array.from({ length: C }, (_, c) => f(element(x, n * C + c)))))
}

/** One number is another, within what is allowed at each place. */
export const claim = (got: Tensor, want: (i: number) => number, allowed: (i: number) => number): Claim => ({
  got,
  want: generate(got.shape, want),
  allowed: generate(got.shape, allowed),
})
