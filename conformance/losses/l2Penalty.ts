import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { mapTensor, scalar, sumOf } from '../../spec/tensor.js'
import type { Evaluation, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import {
  another,
  at,
  dot,
  equal,
  equals,
  minus,
  named,
  numbersAgree,
  plus,
  scaled,
  size,
  times,
  unit,
} from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, summedCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { compared, invariant, ofAnswers } from '../vocabulary/laws.js'

const one = (...shape: readonly number[]) => ({ w: shape })

const square = compared(
  'weights twice as large cost four times as much, and are pulled twice as hard',
  ({ inputs }) => ({ inputs: { w: times(2, named(inputs, 'w')) } }),
  (before, after) => [
    equal('loss', after.ahead, scaled(4, before.ahead)),
    equal('w', after.back, scaled(2, before.back)),
  ],
)

const parallelogram: Law = {
  name: 'a sum and a difference of weights together cost twice what both cost',
  claims: ({ attrs, inputs }, ask, draw) => {
    const a = named(inputs, 'w')
    const b = another(draw, a.shape)
    const cost = (w: typeof a) => ask('forward', attrs, { w })
    return F.pipe(
      E.Do,
      E.bind('sum', () => cost(plus(a, b))),
      E.bind('difference', () => cost(minus(a, b))),
      E.bind('first', () => cost(a)),
      E.bind('second', () => cost(b)),
      E.map(({ sum, difference, first, second }) => {
        const of = ({ values }: Evaluation): number => at(named(values, 'loss'), 0)
        const [left, right] = [of(sum) + of(difference), 2 * (of(first) + of(second))]
        const slack = sumOf(
          [sum, difference, first, first, second, second].map(({ slack }) => at(named(slack, 'loss'), 0)),
        )
        return [numbersAgree(left, right, slack + unit * (left + right))]
      }),
    )
  },
}

const euler = ofAnswers(
  'the weights along their own gradient are twice the cost',
  ({ ahead, back }, { inputs }) => {
    const w = named(inputs, 'w')
    const along = dot(w, named(back.values, 'w'))
    const errs = dot(size(w), named(back.slack, 'w')) + (w.data.length + 1) * unit * along
    const { values, slack } = scaled(2, ahead)
    return [numbersAgree(along, at(named(values, 'loss'), 0), at(named(slack, 'loss'), 0) + errs)]
  },
  () => ({ cotangents: { loss: scalar(1) } }),
)

const decay = ofAnswers(
  'a penalty of β pulls as a weight decay of λ = β: by β·w',
  ({ back }, { inputs }) => [equals('w', back, times(1 / 4, named(inputs, 'w')))],
  () => ({ attrs: { beta: 0.25 }, cotangents: { loss: scalar(1) } }),
)

export const l2Penalty = questionsAbout('l2Penalty', {
  corners: [
    ...elementwiseCorners(['w'], { beta: 0.01 }),
    ...summedCorners(['w'], { beta: 0.01 }),
    form('a long sum', { beta: 1 }, one(4097)),
    form('no penalty', { beta: 0 }, one(33)),
    form('weights of zero', { beta: 0.5 }, one(33), { w: { constant: 0 } }),
    form('equal weights', { beta: 0.5 }, one(1000), { w: { constant: 0.1 } }),
    form('small weights', { beta: 0.0005 }, one(257), { w: 'small' }),
    form('large weights', { beta: 3 }, one(257), { w: 'wide' }),
    form('AlexNet’s decay', { beta: 0.0005 }, one(96, 3, 11, 11)),
  ],
  random: drawn({
    attrs: (draw) => ({ beta: draw.pick([0, 0.0005, 0.1, 1, 7]) }),
    shapes: (draw) => one(...anyShape(draw)),
    fills: { w: ['normal', 'wide', 'small', 'ties'] },
  }),
  laws: [
    square,
    parallelogram,
    euler,
    decay,
    invariant('the sign of a weight does not matter', 'loss', ({ inputs }, draw) => ({
      inputs: { w: mapTensor((w) => draw.pick([1, -1]) * w, named(inputs, 'w')) },
    })),
  ],
  worked: [
    {
      name: 'weights of 3 and 4 cost ½·β·25',
      attrs: { beta: 0.5 },
      inputs: { w: array([3, -4]) },
      outputs: { loss: array(6.25) },
      source: slide('Ridge regression'),
    },
    {
      name: 'and are pulled by β·w',
      attrs: { beta: 0.5 },
      inputs: { w: array([3, -4]) },
      cotangents: { loss: array(2) },
      outputs: { w: array([3, -4]) },
      source: slide('Ridge regression'),
    },
  ],
  faults: [
    { name: 'no half', direction: 'forward', find: 'beta / 2', replace: 'beta' },
    { name: 'no square', direction: 'forward', find: 'w * w', replace: 'Math.abs(w)' },
    {
      name: 'a mean',
      direction: 'forward',
      find: 'total(map((w) => w * w, w))',
      replace: '(total(map((w) => w * w, w)) / w.data.length)',
      unseenAt: form('', { beta: 0.1 }, one(1)),
    },
    {
      name: 'the root of the sum',
      direction: 'forward',
      find: 'total(map((w) => w * w, w))',
      replace: 'Math.sqrt(total(map((w) => w * w, w)))',
      unseenAt: form('', { beta: 0.1 }, one(4), { w: { constant: 0.5 } }),
    },
    {
      name: 'the last weight, as if a bias, left out',
      direction: 'forward',
      find: 'total(map((w) => w * w, w))',
      replace: '(total(map((w) => w * w, w)) - (w.data[w.data.length - 1] ?? 0) ** 2)',
      unseenAt: form('', { beta: 0.1 }, one(5), { w: { values: [1, 2, 3, 4, 0.001] } }),
    },
    { name: 'twice the weight', direction: 'backward', find: 'beta * w', replace: '2 * beta * w' },
    { name: 'half the weight', direction: 'backward', find: 'beta * w', replace: '(beta / 2) * w' },
    {
      name: 'the sign of the weight alone',
      direction: 'backward',
      find: 'beta * w',
      replace: 'beta * Math.sign(w)',
      unseenAt: form('', { beta: 0.1 }, one(4), { w: { values: [1, -1] } }),
    },
    {
      name: 'the cotangent forgotten',
      direction: 'backward',
      find: 'beta * w * at1(dloss, 0)',
      replace: 'beta * w',
      unseenAt: form('', { beta: 0.1 }, one(4), { dloss: { constant: 1 } }),
    },
  ],
})
