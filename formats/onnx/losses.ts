import { either as E, function as F } from 'fp-ts'
import { ensure } from '../../spec/error.js'
import { generate, sameShape, showShape } from '../../spec/tensor.js'
import type { Operator } from './given.js'
import { constantAt, int, noMore, operator, outputName, read, text } from './given.js'

/** Labels that are known become rows of a one and zeros. */
export const softmaxCrossEntropyLoss: Operator = operator(
  { reduction: text('mean'), ignore_index: int(undefined) },
  ({ reduction, ignore_index }, given) =>
    F.pipe(
      E.Do,
      E.tap(() => noMore(given, 1)),
      E.tap(() => ensure(given.inputs[2] === undefined, 'Unsupported', 'its input weights is not in the catalogue')),
      E.tap(() => ensure(ignore_index === undefined, 'Unsupported', 'attribute ignore_index is not in the catalogue')),
      E.bind('logits', () => read(given, 0)),
      E.bind('labels', () => constantAt(given, 1, 'labels')),
      E.tap(({ logits: { name, shape }, labels }) =>
        ensure(
          shape.length === 2 && sameShape(labels.tensor.shape, shape.slice(0, 1)),
          'Unsupported',
          `${name} has shape ${showShape(shape)} and its labels ${showShape(labels.tensor.shape)}; rows of classes are wanted`,
        ),
      ),
      E.flatMap(({ logits, labels: { name, tensor } }) => {
        const [, C = 1] = logits.shape
        const target = given.build.weight(`${name}.rows`, {
          tensor: generate(logits.shape, (i) => (tensor.data[Math.floor(i / C)] === i % C ? 1 : 0)),
          isLearned: false,
        })
        const gives = { loss: outputName(given) }
        return given.build.node(given.name, 'softmaxCrossEntropy', { reduction }, { logits, target }, gives)
      }),
      E.map(({ loss }) => [loss && { operand: loss }]),
    ),
)
