import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate, mapTensor, sumOf, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { part } from '../vocabulary/arrange.js'
import { at, exactly, named, opposite, plus, times } from '../vocabulary/claims.js'
import { anyPoints, aroundZero, functionCorners, points } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'

const oneSide: Law = {
  name: 'x lies on one side: y(x) + y(−x) is 1, and 2 at 0, which lies on both',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, { x })),
      E.bind('left', () => ask('forward', attrs, { x: opposite(x) })),
      E.map(({ right, left }) => [
        exactly(
          plus(named(right.values, 'y'), named(left.values, 'y')),
          mapTensor((x) => 2 - Math.abs(Math.sign(x)), x),
        ),
      ]),
    )
  },
}

const scaleFree: Law = {
  name: 'any positive multiple is decided alike',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('ofMultiple', () => ask('forward', attrs, { x: times(2 ** -40, named(inputs, 'x')) })),
      E.map(({ y, ofMultiple }) => [exactly(named(ofMultiple.values, 'y'), named(y.values, 'y'))]),
    ),
}

const magnitude = ofAnswer('x·(2y − 1) is |x|', ({ values }, { inputs }) => [
  exactly(
    zipTensors([named(inputs, 'x'), named(values, 'y')], (x, y) => x * (2 * y - 1)),
    mapTensor(Math.abs, named(inputs, 'x')),
  ),
])

const counts: Law = {
  name: 'it counts: the steps of x − 0, x − 1, …, x − 9 sum to ⌊x⌋ + 1',
  claims: (_, ask, draw) => {
    const x = generate([30], () => draw.integer(0, 9 * 4) / 4)
    return F.pipe(
      ask('forward', {}, { x: generate([30, 10], (i) => at(x, Math.floor(i / 10)) - (i % 10)) }),
      E.map(({ values }) => [
        exactly(
          generate([30], (row) => sumOf(part(0, row, row + 1, named(values, 'y')).data)),
          mapTensor((x) => Math.floor(x) + 1, x),
        ),
      ]),
    )
  },
}

const [exactlyAt, oftenAt, besideIt] = aroundZero('the threshold')

export const step = questionsAbout('step', {
  corners: [
    ...functionCorners(),
    exactlyAt,
    points('0 with a sign', 4, [0, -0]),
    oftenAt,
    besideIt,
    points('nothing fires', 65, 'negative'),
    points('all fire', 65, 'positive'),
    points('small', 64, 'small'),
    points('saturated', 64, 'saturated'),
  ],
  random: anyPoints(['normal', 'small', 'wide', 'ties']),
  laws: [oneSide, scaleFree, magnitude, counts],
  worked: [
    {
      name: 'below the threshold 0, at it and above 1',
      inputs: { x: array([-10, -0.5, 0, 0.5, 10]) },
      outputs: { y: array([0, 0, 1, 1, 1]) },
      source: slide('The perceptron'),
    },
    {
      name: 'the perceptrons of AND (x₁ + x₂ − 2), OR (x₁ + x₂ − 1) and NOT AND (1 − x₁ − x₂)',
      inputs: {
        x: array([
          [-2, -1, -1, 0],
          [-1, 0, 0, 1],
          [1, 0, 0, -1],
        ]),
      },
      outputs: {
        y: array([
          [0, 0, 0, 1],
          [0, 1, 1, 1],
          [1, 1, 1, 0],
        ]),
      },
      source: `truth tables at 00, 01, 10 and 11; ${slide('The perceptron')}`,
    },
  ],
  faults: [
    {
      name: '0 at the threshold',
      direction: 'forward',
      find: 'x >= 0 ? 1 : 0',
      replace: 'x > 0 ? 1 : 0',
      unseenAt: form('', {}, { x: [8] }),
    },
    { name: 'sides exchanged', direction: 'forward', find: 'x >= 0 ? 1 : 0', replace: 'x >= 0 ? 0 : 1' },
    {
      name: '±1 in place of 1 and 0',
      direction: 'forward',
      find: '? 1 : 0',
      replace: '? 1 : -1',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'half at the threshold',
      direction: 'forward',
      find: 'x >= 0 ? 1 : 0',
      replace: '(Math.sign(x) + 1) / 2',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'a threshold of 10⁻⁶',
      direction: 'forward',
      find: 'x >= 0',
      replace: 'x >= 1e-6',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'the rectifier',
      direction: 'forward',
      find: '? 1 : 0',
      replace: '? x : 0',
      unseenAt: form('', {}, { x: [4] }, { x: 'negative' }),
    },
  ],
})
