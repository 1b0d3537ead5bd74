import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { mapTensor, scalar, sumOf, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { another, equal, equals, invariant, named } from '../laws.js'
import type { Evaluation, Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { unit } from './lossLaws.js'

const one = (...shape: readonly number[]) => ({ w: shape })

const times = (factor: number, output: string, { values, slack }: Evaluation): Evaluation => ({
  values: { [output]: mapTensor((v) => factor * v, named(values, output)) },
  slack: { [output]: mapTensor((e) => factor * e, named(slack, output)) },
})

const square: Law = {
  name: 'weights twice as large cost four times as much, and are pulled twice as hard',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const doubled = { w: mapTensor((w) => 2 * w, named(inputs, 'w')) }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('aheadOfTwice', () => ask('forward', attrs, doubled)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('backOfTwice', () => ask('backward', attrs, doubled, cotangents)),
      E.map(({ ahead, aheadOfTwice, back, backOfTwice }) => [
        equal('loss', aheadOfTwice, times(4, 'loss', ahead)),
        equal('w', backOfTwice, times(2, 'w', back)),
      ]),
    )
  },
}

const parallelogram: Law = {
  name: 'a sum and a difference of weights together cost twice what both cost',
  claims: ({ attrs, inputs }, ask, draw) => {
    const a = named(inputs, 'w')
    const b = another(draw, a.shape)
    const cost = (w: typeof a) => ask('forward', attrs, { w })
    return F.pipe(
      E.Do,
      E.bind('sum', () => cost(zipTensors([a, b], (a, b) => a + b))),
      E.bind('difference', () => cost(zipTensors([a, b], (a, b) => a - b))),
      E.bind('first', () => cost(a)),
      E.bind('second', () => cost(b)),
      E.map(({ sum, difference, first, second }) => {
        const at = ({ values }: Evaluation): number => named(values, 'loss').data[0] as number
        const [left, right] = [at(sum) + at(difference), 2 * (at(first) + at(second))]
        const slack = sumOf(
          [sum, difference, first, first, second, second].map(({ slack }) => named(slack, 'loss').data[0] as number),
        )
        return [{ got: scalar(left), want: scalar(right), allowed: scalar(slack + unit * (left + right)) }]
      }),
    )
  },
}

const euler: Law = {
  name: 'the weights along their own gradient are twice the cost',
  claims: ({ attrs, inputs }, ask) => {
    const w = named(inputs, 'w')
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('back', () => ask('backward', attrs, inputs, { loss: scalar(1) })),
      E.map(({ ahead, back }) => {
        const along = sumOf(zipTensors([w, named(back.values, 'w')], (w, d) => w * d).data)
        const errs = sumOf(zipTensors([w, named(back.slack, 'w')], (w, e) => Math.abs(w) * e).data)
        const want = times(2, 'loss', ahead)
        return [
          {
            got: scalar(along),
            want: named(want.values, 'loss'),
            allowed: mapTensor((e) => e + errs + (w.data.length + 1) * unit * along, named(want.slack, 'loss')),
          },
        ]
      }),
    )
  },
}

const decay: Law = {
  name: 'a penalty of β pulls as a weight decay of λ = β: by β·w',
  claims: ({ inputs }, ask) => {
    const w = named(inputs, 'w')
    return F.pipe(
      ask('backward', { beta: 0.25 }, { w }, { loss: scalar(1) }),
      E.map((answer) => [
        equals(
          'w',
          answer,
          mapTensor((w) => w / 4, w),
        ),
      ]),
    )
  },
}

export const l2Penalty: Questions = {
  corners: [
    ...elementwiseCorners(['w'], { beta: 0.01 }),
    form('a long sum', { beta: 1 }, one(4097)),
    form('no penalty', { beta: 0 }, one(33)),
    form('weights of zero', { beta: 0.5 }, one(33), { w: { constant: 0 } }),
    form('equal weights', { beta: 0.5 }, one(1000), { w: { constant: 0.1 } }),
    form('small weights', { beta: 0.0005 }, one(257), { w: 'small' }),
    form('large weights', { beta: 3 }, one(257), { w: 'wide' }),
    form('AlexNet’s decay', { beta: 0.0005 }, one(96, 3, 11, 11)),
  ],
  random: (draw) => ({
    attrs: { beta: draw.pick([0, 0.0005, 0.1, 1, 7]) },
    shapes: one(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6))),
    fills: { w: draw.pick(['normal', 'wide', 'small', 'ties']) },
  }),
  laws: [
    square,
    parallelogram,
    euler,
    decay,
    invariant('the sign of a weight does not matter', 'loss', (sample, draw) => ({
      ...sample,
      inputs: { w: mapTensor((w) => draw.pick([1, -1]) * w, named(sample.inputs, 'w')) },
    })),
  ],
  worked: [
    {
      name: 'weights of 3 and 4 cost ½·β·25',
      direction: 'forward',
      attrs: { beta: 0.5 },
      inputs: { w: { shape: [2], data: [3, -4] } },
      outputs: { loss: { shape: [], data: [6.25] } },
      source: slide('Ridge regression'),
    },
    {
      name: 'and are pulled by β·w',
      direction: 'backward',
      attrs: { beta: 0.5 },
      inputs: { w: { shape: [2], data: [3, -4] } },
      cotangents: { loss: { shape: [], data: [2] } },
      outputs: { w: { shape: [2], data: [3, -4] } },
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
}
