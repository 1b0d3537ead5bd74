import { either as E, function as F } from 'fp-ts'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate, scalar, sumOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'
import { reversed } from './arrange.js'
import { answersTo, at, claim, equal, named, opposite, scaled, size, unit } from './claims.js'
import { drawn } from './draws.js'
import { invariant, ofAnswers } from './laws.js'
import { around } from './tiles.js'

/** Cases and laws of losses: of a prediction and a target, element by element or row by row, with a reduction. */

// ---- laws --------------------------------------------------------------------------------------------------------

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
          slack: { loss: scalar(sumOf(named(each.slack, 'loss').data) + n * unit * sumOf(size(values).data)) },
        }
        return [
          equal('loss', sum, total),
          equal('loss', scaled(n, mean), total),
          equal(prediction, sumBack, eachBack),
          equal(prediction, meanBack, sumBack),
        ]
      }),
    )
  },
})

/** Σ over the classes of each row of [N,C]. */
export const rowSums = (x: Tensor, f: (value: number) => number = (v) => v): Tensor => {
  const [N, C] = x.shape as readonly [number, number]
  return generate([N], (n) => sumOf(Array.from({ length: C }, (_, c) => f(at(x, n * C + c)))))
}

/** The classes of rows of predictions and targets from behind. */
export const classesInAnyOrder = (prediction: string): Law =>
  invariant('the order of the classes changes nothing', 'loss', ({ inputs }) => ({
    inputs: {
      [prediction]: reversed(1, named(inputs, prediction)),
      target: reversed(1, named(inputs, 'target')),
    },
  }))

/** The gradient of every row sums to 0; C additions round. */
export const gradientsBalance = (name: string, scores: string, prepare: (x: Tensor) => Tensor = (x) => x): Law =>
  ofAnswers(
    name,
    ({ back: { values, slack } }) => {
      const dx = named(values, scores)
      const [sizes, slacks, C] = [rowSums(dx, Math.abs), rowSums(named(slack, scores)), dx.shape[1] as number]
      return [
        claim(
          rowSums(dx),
          () => 0,
          (n) => at(slacks, n) + C * unit * at(sizes, n),
        ),
      ]
    },
    ({ inputs }) => ({ inputs: { ...inputs, [scores]: prepare(named(inputs, scores)) } }),
  )

/** Predictions that are all alike cost so much for each unit of a row's target; C additions of targets, and more, round. */
export const alikeCost = (
  name: string,
  [scores, value]: readonly [string, number],
  cost: (C: number) => number,
  roundings: number,
): Law =>
  unreduced({
    name,
    claims: ({ attrs, inputs }, ask) => {
      const target = named(inputs, 'target')
      const C = target.shape[1] as number
      return F.pipe(
        ask('forward', attrs, { target, [scores]: filled(target.shape, value) }),
        E.map(({ values, slack }) => {
          const [weight, weights] = [rowSums(target), rowSums(target, Math.abs)]
          return [
            claim(
              named(values, 'loss'),
              (n) => at(weight, n) * cost(C),
              (n) => at(named(slack, 'loss'), n) + (C + roundings) * unit * at(weights, n) * cost(C),
            ),
          ]
        }),
      )
    },
  })

/** Two questions made of the sample, in which the two classes are exchanged: they cost the same, and pull the other way. */
export const classesExchanged = (
  name: string,
  prediction: string,
  questions: (inputs: Tensors) => readonly [Tensors, Tensors],
): Law => ({
  name,
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [given, exchanged] = questions(inputs)
    return F.pipe(
      E.Do,
      E.bind('before', () => answersTo(ask, { attrs, inputs: given, cotangents })),
      E.bind('after', () =>
        answersTo(ask, { attrs, inputs: exchanged, cotangents: { loss: opposite(named(cotangents, 'loss')) } }),
      ),
      E.map(({ before, after }) => [
        equal('loss', after.ahead, before.ahead),
        equal(prediction, after.back, before.back),
      ]),
    )
  },
})

// ---- cases -------------------------------------------------------------------------------------------------------

/** A prediction and a target of one shape. */
export const pairOf =
  (prediction: string) =>
  (...shape: Shape): Form['shapes'] => ({ [prediction]: shape, target: shape })

/** How the target is filled, and the prediction. */
export const fillsFor =
  (prediction: string, usual: Fill = 'normal') =>
  (target: Fill, fill: Fill = usual): Readonly<Record<string, Fill>> => ({ [prediction]: fill, target })

export const everyReduction = ['mean', 'sum', 'none'] as const
export const anyReduction = (draw: Draws): Form['attrs'] => ({ reduction: draw.pick(everyReduction) })

/** Drawn rows of classes. */
export const anyRows = (
  rows: (N: number, C: number) => Form['shapes'],
  fills: Readonly<Record<string, readonly Fill[]>>,
) => drawn({ attrs: anyReduction, shapes: (draw) => rows(draw.integer(1, 9), draw.integer(1, 12)), fills })

/** Few rows and one, and few classes and one; `weights` are targets that need not sum to 1. */
export const manyClasses = (
  rows: (N: number, C: number) => Form['shapes'],
  {
    hot,
    soft,
    weights,
    rowByRow,
    more = [],
  }: Readonly<Record<'hot' | 'soft' | 'weights' | 'rowByRow', Form['fills']>> & {
    readonly more?: readonly Form[]
  },
): readonly Form[] => [
  form('ten classes, a batch of 32', {}, rows(32, 10), hot),
  form('1000 classes', {}, rows(3, 1000), hot),
  form('1000 classes, row by row', { reduction: 'none' }, rows(5, 1000), rowByRow),
  ...more,
  ...around([8, 16, 32, 64, 128, 256]).flatMap((edge, at) => [
    form(`${edge} classes`, { reduction: 'none' }, rows(3, edge), soft),
    form(`${edge} rows`, { reduction: at % 3 === 1 ? 'mean' : 'none' }, rows(edge, 3), hot),
  ]),
  form('4095 rows of 65 classes', { reduction: 'none' }, rows(4095, 65), soft),
  form('4096 rows of 65 classes', { reduction: 'none' }, rows(4096, 65), hot),
  form('65,537 rows', {}, rows(65537, 2), soft),
  form('65,535 rows', { reduction: 'none' }, rows(65535, 2), hot),
  form('65,537 classes', { reduction: 'sum' }, rows(1, 65537), weights),
  { ...form('more classes than one row of workgroups', {}, rows(2049, 2048), weights), only: 'backward' },
]
