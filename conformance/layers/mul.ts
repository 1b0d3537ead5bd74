import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { equal, equals, named, renamed } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, exchangeable, pairOf } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { adjointIn, linearIn } from '../vocabulary/laws.js'

const neutral: Law = {
  name: 'a gate of 1 lets all pass, a gate of 0 nothing',
  claims: ({ attrs, inputs }, ask) => {
    const a = named(inputs, 'a')
    return F.pipe(
      E.Do,
      E.bind('open', () => ask('forward', attrs, { a, b: filled(a.shape, 1) })),
      E.bind('shut', () => ask('forward', attrs, { a, b: zeros(a.shape) })),
      E.map(({ open, shut }) => [equals('y', open, a), equals('y', shut, zeros(a.shape))]),
    )
  },
}

const crossed: Law = {
  name: 'the gradient to one factor is the product of the cotangent and the other',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const dy = named(cotangents, 'y')
    const product = (factor: string) => ask('forward', attrs, { a: dy, b: named(inputs, factor) })
    return F.pipe(
      E.Do,
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('withA', () => product('a')),
      E.bind('withB', () => product('b')),
      E.map(({ back, withA, withB }) => [
        equal('y', renamed(back, 'a', 'y'), withB),
        equal('y', renamed(back, 'b', 'y'), withA),
      ]),
    )
  },
}

export const mul = questionsAbout('mul', {
  corners: [
    ...elementwiseCorners(['a', 'b']),
    form('small factors', {}, pairOf(33), { a: 'small', b: 'small' }),
    form('a gate of 0 and 1', {}, pairOf(5, 13), { b: { values: [0, 1, -0] } }),
    form('large factors', {}, pairOf(33), { a: { mean: 2 ** 40, scale: 2 ** 38 }, b: { mean: 0, scale: 2 ** 40 } }),
  ],
  random: drawn({
    shapes: (draw) => pairOf(...anyShape(draw, [0, 5], 5)),
    fills: { a: ['normal', 'small', 'wide'], b: ['normal', 'fraction'] },
  }),
  laws: [linearIn('a'), linearIn('b'), adjointIn('a', 'y'), adjointIn('b', 'y'), exchangeable, neutral, crossed],
  worked: [
    {
      name: 'a gate of 1, 0 and ½ on a cell’s state',
      inputs: { a: array([3, -5, 8]), b: array([1, 0, 0.5]) },
      outputs: { y: array([3, 0, 4]) },
      source: slide('LSTM nets'),
    },
    {
      name: 'the rule for products: (uv)′ is v·u′ and u·v′',
      inputs: { a: array([3, -5]), b: array([7, 0.5]) },
      cotangents: { y: array([1, 2]) },
      outputs: { a: array([7, 1]), b: array([3, -10]) },
      source: 'Leibniz’s rule, by hand',
    },
  ],
  faults: [
    {
      name: 'quotient',
      direction: 'forward',
      find: 'a * b, a, b',
      replace: 'a / b, a, b',
      unseenAt: form('', {}, pairOf(3), { b: { constant: -1 } }),
    },
    {
      name: 'sum',
      direction: 'forward',
      find: 'a * b, a, b',
      replace: 'a + b, a, b',
      unseenAt: form('', {}, pairOf(3), { a: { constant: 2 }, b: { constant: 2 } }),
    },
    {
      name: 'magnitude of the gate',
      direction: 'forward',
      find: 'a * b, a, b',
      replace: 'a * Math.abs(b), a, b',
      unseenAt: form('', {}, pairOf(3), { b: 'fraction' }),
    },
    {
      name: 'a gate of 11 bits',
      direction: 'forward',
      find: 'a * b, a, b',
      replace: 'a * (Math.round(b * 2 ** 11) / 2 ** 11), a, b',
      unseenAt: form('', {}, pairOf(3), { b: { values: [0.7001, 0.8001, 0.9001] } }),
    },
    {
      name: 'da: its own factor',
      direction: 'backward',
      find: 'dy * b, dy, b',
      replace: 'dy * b, dy, a',
      unseenAt: form('', {}, pairOf(3), { a: { constant: 0.5 }, b: { constant: 0.5 } }),
    },
    { name: 'db: the factor forgotten', direction: 'backward', find: 'dy * a, dy, a', replace: 'dy, dy, a' },
    {
      name: 'db: sign',
      direction: 'backward',
      find: 'dy * a, dy, a',
      replace: '-dy * a, dy, a',
    },
  ],
})
