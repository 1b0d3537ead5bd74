import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../../spec/attributes.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { Tensor } from '../../../spec/tensor.js'
import { mapTensor } from '../../../spec/tensor.js'
import { cornered } from './corners.js'
import * as losses from './losses.js'
import type { Near, Way } from './near.js'
import { added, owned, where } from './near.js'
import { batchNormed, batchNormedBack, normed } from './norms.js'
import { maxPoolBack } from './pools.js'
import { logSoftmaxBack, sharing, softmaxBack } from './shares.js'
import { itself, multilinear } from './sums.js'
import { adam, adamw, byRoot } from './updates.js'

/** How each op passes on what may be wrong with what it reads. */

/** A way, and of what a node reads, by its slots, what may be off; all of it, where that is not said. */
export interface Passing {
  readonly way: Way
  readonly off?: readonly string[]
}

/** A function of each number by itself, which is nowhere steeper than that: |y(x) − y(x′)| ≤ L·b */
const sloping =
  (steepest: (attrs: Attributes) => number): Way =>
  (read) =>
    F.pipe(
      owned(read),
      E.map(({ y }) => {
        const { value, bound } = y as Near
        return {
          y: added(
            value,
            bound,
            mapTensor((b) => steepest(read.attrs) * b, read.bounds['x'] as Tensor),
          ),
        }
      }),
    )

const slope = ({ alpha }: Attributes): number => Math.max(1, Math.abs(Number(alpha ?? 0)))

const products: readonly OpName[] = ['dense', 'conv2d', 'conv1d', 'convTranspose2d', 'mul', 'scaleChannels']
const copying: readonly OpName[] = ['add', 'concat', 'reshape', 'flatten']
const averaging: readonly OpName[] = ['avgPool2d', 'globalAvgPool', 'dropout']
const units: readonly OpName[] = ['relu', 'leakyRelu', 'elu', 'tanh', 'softplus', 'sigmoid']

const all = (ops: readonly OpName[], passing: Passing): Partial<Record<OpName, Passing>> =>
  Object.fromEntries(ops.map((op) => [op, passing]))

const ways: Readonly<Record<Direction, Partial<Record<OpName, Passing>>>> = {
  forward: {
    ...all([...copying, ...averaging], { way: itself }),
    ...all([...products, 'l2Penalty'], { way: multilinear }),
    ...all(['relu', 'maxPool2d', 'sgd', 'momentum'], { way: cornered }),
    ...all(['leakyRelu', 'elu'], { way: sloping(slope) }),
    ...all(['tanh', 'softplus'], { way: sloping(() => 1) }),
    sigmoid: { way: sloping(() => 1 / 4) },
    softmax: { way: sharing((share, most) => share * Math.expm1(2 * most)) },
    logSoftmax: { way: sharing((_, most) => 2 * most) },
    batchNormInference: { way: normed, off: ['x'] },
    batchNormTraining: { way: batchNormed, off: ['x'] },
    mse: { way: losses.mse },
    bceWithLogits: { way: losses.bceWithLogits, off: ['logits'] },
    softmaxCrossEntropy: { way: losses.softmaxCrossEntropy, off: ['logits'] },
    hinge: { way: losses.hinge, off: ['scores'] },
    cce: { way: losses.cce, off: ['prediction'] },
    bce: { way: where(losses.areShares, losses.bce), off: ['prediction'] },
    ...all(['rmsprop', 'adagrad'], { way: byRoot }),
    adam: { way: adam, off: ['w', 'g', 'm', 'v'] },
    adamw: { way: adamw, off: ['w', 'g', 'm', 'v'] },
  },
  backward: {
    ...all([...copying, ...averaging], { way: itself }),
    ...all([...products, 'l2Penalty'], { way: multilinear }),
    ...all([...units, 'mse', 'bceWithLogits'], { way: cornered }),
    maxPool2d: { way: maxPoolBack },
    softmax: { way: softmaxBack },
    logSoftmax: { way: logSoftmaxBack },
    batchNormTraining: { way: batchNormedBack, off: ['x', 'd y'] },
    softmaxCrossEntropy: { way: losses.softmaxCrossEntropyBack, off: ['logits', 'd loss'] },
    cce: { way: where(losses.isOfPositive, cornered), off: ['prediction', 'd loss'] },
    bce: { way: where(losses.areShares, cornered), off: ['prediction', 'd loss'] },
  },
}

/** How a node passes on what may be wrong with what it reads; not at all, where it jumps, or nothing is known of it. */
export const passingOf = (op: OpName, direction: Direction): Passing | undefined => ways[direction][op]

/** Whether a node copies, chooses or adds: that needs no more than its own op to pass a bound on. */
export const isCopying = (op: OpName): boolean => [...copying, 'relu', 'maxPool2d'].includes(op)
