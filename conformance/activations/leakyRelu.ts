import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, claim, exactly, minus, named, opposite, plus, unit } from '../vocabulary/claims.js'
import {
  anyKink,
  anyPoints,
  anyValue,
  aroundZero,
  eachKink,
  eachValue,
  eulersOfDegree1,
  functionCorners,
  homogeneous,
  points,
  slopeAtTheCorner,
} from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'

const knownSlopes: Law = {
  name: 'with slope 1 it is the identity, with 0 the rectifier, with −1 the magnitude; its own slope likewise',
  claims: ({ inputs, cotangents }, ask) => {
    const [x, dy] = [named(inputs, 'x'), named(cotangents, 'y')]
    return F.pipe(
      E.Do,
      E.bind('identity', () => ask('forward', { alpha: 1 }, inputs)),
      E.bind('rectifier', () => ask('forward', { alpha: 0 }, inputs)),
      E.bind('magnitude', () => ask('forward', { alpha: -1 }, inputs)),
      E.bind('same', () => ask('backward', { alpha: 1 }, inputs, cotangents)),
      E.bind('masked', () => ask('backward', { alpha: 0 }, inputs, cotangents)),
      E.map(({ identity, rectifier, magnitude, same, masked }) => [
        exactly(named(identity.values, 'y'), x),
        exactly(
          named(rectifier.values, 'y'),
          mapTensor((x) => Math.max(x, 0), x),
        ),
        exactly(named(magnitude.values, 'y'), mapTensor(Math.abs, x)),
        exactly(named(same.values, 'x'), dy),
        exactly(
          named(masked.values, 'x'),
          zipTensors([x, dy], (x, dy) => (Math.sign(x) === 1 ? dy : 0)),
        ),
      ]),
    )
  },
}

const undone: Law = {
  name: 'slope 4 undoes slope ¼, and slope ¼ slope 4',
  claims: ({ inputs }, ask) =>
    F.pipe(
      [0.25, 4].map((alpha) =>
        F.pipe(
          ask('forward', { alpha }, inputs),
          E.flatMap((once) => ask('forward', { alpha: 1 / alpha }, { x: named(once.values, 'y') })),
          E.map((back) => exactly(named(back.values, 'y'), named(inputs, 'x'))),
        ),
      ),
      E.sequenceArray,
    ),
}

const oddPart: Law = {
  name: 'y(x) − y(−x) is (1 + α)·x',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const alpha = attrs['alpha'] as number
    return F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, inputs)),
      E.bind('left', () => ask('forward', attrs, { x: opposite(x) })),
      E.map(({ right, left }) => {
        const slack = plus(named(right.slack, 'y'), named(left.slack, 'y'))
        return [
          claim(
            minus(named(right.values, 'y'), named(left.values, 'y')),
            (i) => (1 + alpha) * at(x, i),
            // two roundings on either side, of numbers no larger than (1 + |α|)·|x|
            (i) => at(slack, i) + 4 * unit * (1 + Math.abs(alpha)) * Math.abs(at(x, i)),
          ),
        ]
      }),
    )
  },
}

const cornerSlopes = slopeAtTheCorner(({ alpha }) => ({
  catalogue: alpha as number,
  left: alpha as number,
  right: 1,
}))

const slopes = [0.1, 0.01, 0.25, 0.99, 0, 1, 2, -0.5]

export const leakyRelu = questionsAbout('leakyRelu', {
  corners: [
    ...functionCorners({ alpha: 0.25 }),
    ...eachValue('slope', 'alpha', slopes),
    ...aroundZero('the kink', [{ alpha: 0.5 }, {}, { alpha: 2 }]),
    ...eachKink({ alpha: 0.25 }),
    points('all of it leaks', 65, 'negative'),
    points('nothing leaks', 65, 'positive'),
    points('small', 64, 'small'),
    points('saturated', 64, 'saturated'),
    points('saturated, a slope above 1', 64, 'saturated', { alpha: 3 }),
  ],
  random: anyPoints(['normal', 'small', 'wide', 'ties'], (draw) => ({
    ...anyValue('alpha', slopes)(draw),
    ...anyKink(draw),
  })),
  // α·x and α·dy are rounded, and the two products
  laws: [knownSlopes, undone, homogeneous, oddPart, eulersOfDegree1(4), cornerSlopes],
  worked: [
    {
      name: 'a tenth of what is below 0: −1, 0 and 1 give −0.1, 0 and 1',
      inputs: { x: array([-1, 0, 1]) },
      outputs: { y: array([-0.1, 0, 1]) },
      source: `${slide('Activation functions')}; ONNX’s example of LeakyRelu has the same numbers`,
    },
    {
      name: 'PyTorch’s default of 0.01, handed over',
      attrs: { alpha: 0.01 },
      inputs: { x: array([-100, -1, 100]) },
      outputs: { y: array([-1, -0.01, 100]) },
      source: 'by hand, from the formula in PyTorch’s documentation of LeakyReLU',
    },
    {
      name: 'above 1 the slope still belongs to what is below 0, which max(αx, x) has the other way round',
      attrs: { alpha: 2 },
      inputs: { x: array([-3, -1, 1, 3]) },
      outputs: { y: array([-6, -2, 1, 3]) },
      source: 'by hand: PyTorch’s LeakyReLU(2)',
    },
    {
      name: 'the slope is α, α at 0, and 1',
      attrs: { alpha: 0.25 },
      inputs: { x: array([-10, -0.5, 0, 0.5, 10]) },
      cotangents: { y: array([1, 2, 3, 4, -5]) },
      outputs: { x: array([0.25, 0.5, 0.75, 4, -5]) },
      source: 'slide "Activation functions"; the slope at 0 as in PyTorch',
    },
    {
      name: 'with the slope on the right of 0 there',
      attrs: { alpha: 0.25, kink: 'right' },
      inputs: { x: array([-10, -0.5, 0, 0.5, 10]) },
      cotangents: { y: array([1, 2, 3, 4, -5]) },
      outputs: { x: array([0.25, 0.5, 3, 4, -5]) },
      source: 'by hand',
    },
  ],
  faults: [
    {
      name: 'the slide’s maximum, which turns round above slope 1',
      direction: 'forward',
      find: 'x > 0 ? x : alpha * x',
      replace: 'Math.max(alpha * x, x)',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'nothing leaks',
      direction: 'forward',
      find: 'x > 0 ? x : alpha * x',
      replace: 'x > 0 ? x : 0',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'another library’s slope of 0.01, whatever alpha is',
      direction: 'forward',
      find: ': alpha * x',
      replace: ': 0.01 * x',
      unseenAt: form('', { alpha: 0.01 }, { x: [8] }),
    },
    {
      name: 'a slope of one part in 20,000 more',
      direction: 'forward',
      find: ': alpha * x',
      replace: ': alpha * 1.00005 * x',
      unseenAt: form('', {}, { x: [8] }),
    },
    { name: 'the slope on both sides', direction: 'forward', find: '? x :', replace: '? alpha * x :' },
    {
      name: 'slope 1 at 0',
      direction: 'backward',
      find: "kink === 'right' && x === 0",
      replace: 'x === 0',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'no slope but α at 0',
      direction: 'backward',
      find: "kink === 'right' && x === 0",
      replace: 'false',
      unseenAt: form('', { kink: 'right' }, { x: [8] }),
    },
    {
      name: 'sides exchanged',
      direction: 'backward',
      find: "x > 0 || (kink === 'right' && x === 0) ? dy",
      replace: 'x <= 0 ? dy',
      unseenAt: form('', { alpha: 1 }, { x: [4] }),
    },
    {
      name: 'nothing flows back below 0',
      direction: 'backward',
      find: 'alpha * dy',
      replace: '0',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'decided by the cotangent',
      direction: 'backward',
      find: "x > 0 || (kink === 'right' && x === 0) ? dy",
      replace: 'dy > 0 ? dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive', dy: 'positive' }),
    },
    { name: 'cotangent forgotten', direction: 'backward', find: 'alpha * dy', replace: 'alpha' },
    {
      name: 'the value for the slope',
      direction: 'backward',
      find: '? dy : alpha * dy',
      replace: '? dy * x : alpha * dy * x',
    },
  ],
})
