import { zeros } from '../../spec/tensor.js'
import { form, questionsAbout } from '../questions.js'
import { exactly, named } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, exchangeable, pairOf } from '../vocabulary/elementwise.js'
import { ofAnswer } from '../vocabulary/laws.js'

const zeroAddsNothing = ofAnswer(
  'zero adds nothing',
  ({ values }, { inputs }) => [exactly(named(values, 'y'), named(inputs, 'a'))],
  ({ inputs }) => ({ inputs: { ...inputs, b: zeros(named(inputs, 'b').shape) } }),
)

export const add = questionsAbout('add', {
  corners: [
    ...elementwiseCorners(['a', 'b']),
    form('opposites cancel', {}, pairOf(17), { a: { constant: 1.5 }, b: { constant: -1.5 } }),
  ],
  random: drawn({
    shapes: (draw) => pairOf(...anyShape(draw, [0, 5], 5)),
    fills: { a: ['normal', 'small', 'wide'], b: 'normal' },
  }),
  laws: [exchangeable, zeroAddsNothing],
  worked: [],
  faults: [
    {
      name: 'difference',
      direction: 'forward',
      find: 'a + b, a, b',
      replace: 'a - b, a, b',
      unseenAt: form('', {}, pairOf(1), { b: { constant: 2 ** -20 } }),
    },
    { name: 'dropped skip', direction: 'backward', find: 'b: dy', replace: 'b: zip((a) => a - a, dy, dy)' },
    { name: 'sign of the skip', direction: 'backward', find: 'a: dy', replace: 'a: zip((a) => -a, dy, dy)' },
  ],
})
