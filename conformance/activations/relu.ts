import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { exactly, minus, named, opposite } from '../vocabulary/claims.js'
import {
  anyKink,
  anyPoints,
  aroundZero,
  eachKink,
  eulersOfDegree1,
  functionCorners,
  homogeneous,
  idempotent,
  points,
  slopeAtTheCorner,
} from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'

// nothing here rounds: maxima and copies of f32 values, their doubles, sums and products are exact in f64

const parts: Law = {
  name: 'the part above 0 less the part below is x',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('above', () => ask('forward', attrs, inputs)),
      E.bind('below', () => ask('forward', attrs, { x: opposite(named(inputs, 'x')) })),
      E.map(({ above, below }) => [
        exactly(minus(named(above.values, 'y'), named(below.values, 'y')), named(inputs, 'x')),
      ]),
    ),
}

const x = array([-10, -0.5, 0, 0.5, 10])

export const relu = questionsAbout('relu', {
  corners: [
    ...functionCorners(),
    ...aroundZero('the kink'),
    ...eachKink(),
    points('nothing passes', 65, 'negative'),
    points('all passes', 65, 'positive'),
    points('small', 64, 'small'),
    points('saturated', 64, 'saturated'),
  ],
  random: anyPoints(['normal', 'small', 'wide', 'ties'], anyKink),
  laws: [
    idempotent('twice is once'),
    homogeneous,
    parts,
    eulersOfDegree1(0),
    slopeAtTheCorner(() => ({ catalogue: 0, left: 0, right: 1 })),
  ],
  worked: [
    {
      name: 'negative numbers and 0 give 0, positive ones themselves',
      inputs: { x },
      outputs: { y: array([0, 0, 0, 0.5, 10]) },
      source: slide('Activation functions'),
    },
    {
      name: 'the slope is 0, 0 at 0, and 1',
      inputs: { x },
      cotangents: { y: array([1, 2, 3, 4, -5]) },
      outputs: { x: array([0, 0, 0, 4, -5]) },
      source: 'slide "Activation functions"; the slope at 0 as in PyTorch',
    },
    ...(
      [
        ['left', array([0, 0, 0, 4, -5])],
        ['right', array([0, 0, 3, 4, -5])],
      ] as const
    ).map(([kink, dx]) => ({
      name: `the slope at 0 is the one on its ${kink}`,
      attrs: { kink },
      inputs: { x },
      cotangents: { y: array([1, 2, 3, 4, -5]) },
      outputs: { x: dx },
      source: 'by hand',
    })),
  ],
  faults: [
    { name: 'minimum in place of maximum', direction: 'forward', find: 'Math.max(0, x)', replace: 'Math.min(0, x)' },
    {
      name: 'the magnitude',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.abs(x)',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'leaky',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.max(0.01 * x, x)',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'cut off at 6',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.min(6, Math.max(0, x))',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'slope 1 at 0',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'x < 0 ? 0 : dy',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'no slope but 0 at the corner',
      direction: 'backward',
      find: 'x < 0 ? 0 : dy',
      replace: 'x <= 0 ? 0 : dy',
      unseenAt: form('', { kink: 'right' }, { x: [8] }),
    },
    { name: 'sides exchanged', direction: 'backward', find: 'x <= 0 ? 0 : dy', replace: 'x >= 0 ? 0 : dy' },
    {
      name: 'leaky slope',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'x <= 0 ? 0.01 * dy : dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'decided by the cotangent',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'dy <= 0 ? 0 : dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive', dy: 'positive' }),
    },
    { name: 'cotangent forgotten', direction: 'backward', find: 'x <= 0 ? 0 : dy', replace: 'x <= 0 ? 0 : 1' },
  ],
})
