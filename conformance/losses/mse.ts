import { slide } from '../../spec/op.js'
import { zeros } from '../../spec/tensor.js'
import { form, questionsAbout } from '../questions.js'
import { exactly, named } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, summedCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { invariant, ofAnswers } from '../vocabulary/laws.js'
import { anyReduction, pairOf, reductions } from '../vocabulary/losses.js'

const both = pairOf('prediction')

const free = ofAnswers(
  'a prediction that is the target costs nothing, and pulls nowhere',
  ({ ahead, back }) =>
    [named(ahead.values, 'loss'), named(back.values, 'prediction')].map((got) => exactly(got, zeros(got.shape))),
  ({ inputs }) => ({ inputs: { ...inputs, target: named(inputs, 'prediction') } }),
)

export const mse = questionsAbout('mse', {
  corners: [
    ...elementwiseCorners(['prediction', 'target']),
    ...summedCorners(['prediction', 'target']),
    form('each element by itself', { reduction: 'none' }, both(65, 3)),
    form('a sum', { reduction: 'sum' }, both(7, 9)),
    form('a long sum', { reduction: 'sum' }, both(4097)),
    form('prediction and target nearly equal', {}, both(130), {
      prediction: { mean: 5, scale: 1e-4 },
      target: { mean: 5, scale: 1e-4 },
    }),
  ],
  random: drawn({
    attrs: anyReduction,
    shapes: (draw) => both(...anyShape(draw)),
    fills: { prediction: ['normal', 'wide'] },
  }),
  laws: [
    reductions('prediction'),
    invariant('prediction and target may be exchanged', 'loss', ({ inputs }) => ({
      inputs: { prediction: named(inputs, 'target'), target: named(inputs, 'prediction') },
    })),
    free,
  ],
  worked: [
    {
      name: 'errors of 1, 2 and 3 cost 14/3 on average',
      attrs: { reduction: 'mean' },
      inputs: { prediction: array([1, 2, 3]), target: array([0, 0, 6]) },
      outputs: { loss: array(14 / 3) },
      source: slide('Loss functions (1/2)'),
    },
  ],
  faults: [
    {
      name: 'sum in place of mean',
      direction: 'forward',
      find: 'total(squares) / sizeOf(rest)',
      replace: 'total(squares)',
      unseenAt: form('', {}, both(1)),
    },
    { name: 'half the square', direction: 'forward', find: '(y - t) * (y - t)', replace: '(y - t) * (y - t) * 0.5' },
    {
      name: 'n − 1',
      direction: 'forward',
      find: 'total(squares) / sizeOf(rest)',
      replace: 'total(squares) / (sizeOf(rest) - 1)',
      unseenAt: form('', {}, both(4096)),
    },
    { name: 'missing factor 2', direction: 'backward', find: '(2 * (y - t) * d) / n', replace: '((y - t) * d) / n' },
    {
      name: 'missing 1/n',
      direction: 'backward',
      find: '(2 * (y - t) * d) / n',
      replace: '2 * (y - t) * d',
      unseenAt: form('', {}, both(1)),
    },
    { name: 'sign', direction: 'backward', find: '(2 * (y - t) * d) / n', replace: '(2 * (t - y) * d) / n' },
  ],
})
