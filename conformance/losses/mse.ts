import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { elementwiseCorners } from '../elementwise.js'
import { invariant, named } from '../laws.js'
import type { Questions } from '../questions.js'
import { form } from '../questions.js'

const both = (...shape: readonly number[]) => ({ prediction: shape, target: shape })

export const mse: Questions = {
  corners: [
    ...elementwiseCorners(['prediction', 'target']),
    form('each element by itself', { reduction: 'none' }, both(65, 3)),
    form('a sum', { reduction: 'sum' }, both(7, 9)),
    form('a long sum', { reduction: 'sum' }, both(4097)),
    form('prediction and target nearly equal', {}, both(130), {
      prediction: { mean: 5, scale: 1e-4 },
      target: { mean: 5, scale: 1e-4 },
    }),
  ],
  random: (draw) => ({
    attrs: { reduction: draw.pick(['mean', 'sum', 'none']) },
    shapes: both(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6))),
    fills: { prediction: draw.pick(['normal', 'wide']) },
  }),
  laws: [
    invariant('prediction and target may be exchanged', 'loss', (sample) => ({
      ...sample,
      inputs: { prediction: named(sample.inputs, 'target'), target: named(sample.inputs, 'prediction') },
    })),
    {
      name: 'a prediction that is the target costs nothing, and pulls nowhere',
      claims: ({ attrs, inputs, cotangents }, ask) => {
        const x = named(inputs, 'prediction')
        const nothing = (like: typeof x) => ({
          ...like,
          data: Float64Array.from({ length: like.data.length }, () => 0),
        })
        return F.pipe(
          E.Do,
          E.bind('ahead', () => ask('forward', attrs, { prediction: x, target: x })),
          E.bind('back', () => ask('backward', attrs, { prediction: x, target: x }, cotangents)),
          E.map(({ ahead, back }) => {
            const [loss, dx] = [named(ahead.values, 'loss'), named(back.values, 'prediction')]
            return [
              { got: loss, want: nothing(loss), allowed: nothing(loss) },
              { got: dx, want: nothing(dx), allowed: nothing(dx) },
            ]
          }),
        )
      },
    },
  ],
  worked: [
    {
      name: 'errors of 1, 2 and 3 cost 14/3 on average',
      direction: 'forward',
      attrs: { reduction: 'mean' },
      inputs: { prediction: { shape: [3], data: [1, 2, 3] }, target: { shape: [3], data: [0, 0, 6] } },
      outputs: { loss: { shape: [], data: [14 / 3] } },
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
}
