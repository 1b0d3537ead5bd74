import { either as E, function as F } from 'fp-ts'
import { gamma, tau } from '../../../spec/bound.js'
import type { OpName } from '../../../spec/catalogue.js'
import type { Result } from '../../../spec/error.js'
import type { ProgramNode } from '../../../spec/program.js'
import { nodeAttributes } from '../../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../../spec/tensor.js'
import { generate, sizeOf } from '../../../spec/tensor.js'
import { own } from '../../named.js'
import type { Knowing, Near } from './near.js'
import { magnitude, outputsNear } from './near.js'

/** A norm of known statistics that libraries make one with the layer before it, where nobody sees what is between. */

const layers: readonly OpName[] = ['conv2d', 'conv1d', 'convTranspose2d', 'dense']

/** The layer right before a norm of known statistics, where nobody sees what is between. */
export const foldable = (
  nodes: readonly ProgramNode[],
  { op, direction, inputs }: ProgramNode,
  isSeen: (value: string) => boolean,
): ProgramNode | undefined =>
  op === 'batchNormInference' && direction === 'forward' && !isSeen(inputs['x'] as string)
    ? nodes.find(
        (layer) =>
          layer.direction === 'forward' &&
          layers.includes(layer.op) &&
          Object.values(layer.outputs).includes(inputs['x'] as string),
      )
    : undefined

/**
 * A layer and its norm made one by other weights, w′ = a·w and b′ = a·(b − mean) + β with a = γ/√(var + ε), as is usual where
 * nothing is learned any more. The sum of n products and the factor are rounded before they cancel: off by at most
 *
 *   γ(n + 1 + 8½ + 4)·a·(Σ|w·x| + |b| + |mean|) + γ(2)·|β| + τ
 *
 * which is more than the norm by itself may be off of an exact sum. Errors: what the ops refuse
 */
export const folded = (
  oracle: Knowing,
  layer: ProgramNode,
  norm: ProgramNode,
  known: Tensors,
  feeds: Tensors,
): Result<Tensor> => {
  const magnitudes = Object.fromEntries(
    Object.values(layer.inputs).flatMap((name) => {
      const one = own(known, name)
      return one === undefined ? [] : [[name, magnitude(one)]]
    }),
  )
  const of = (name: string): Tensor => own(known, norm.inputs[name] as string) as Tensor
  const weights = own(known, layer.inputs['w'] as string) as Tensor
  return F.pipe(
    E.Do,
    E.bind('attrs', () => nodeAttributes(norm, feeds)),
    E.bind('companion', () => outputsNear(oracle, layer, magnitudes, feeds)),
    E.map(({ attrs, companion }) => {
      const { value } = companion[norm.inputs['x'] as string] as Near
      const [, C = 1, ...rest] = value.shape
      const terms = sizeOf(weights.shape) / Math.max(1, C)
      const [gammas, betas, means, variances] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => of(name).data) as [Numbers, Numbers, Numbers, Numbers] // prettier-ignore
      const at = (numbers: Numbers, c: number): number => numbers[c] as number
      return generate(value.shape, (i) => {
        const c = Math.floor(i / sizeOf(rest)) % C
        const a = Math.abs(at(gammas, c)) / Math.sqrt(at(variances, c) + Number(attrs['epsilon']))
        const sum = a * ((value.data[i] as number) + Math.abs(at(means, c)))
        return gamma(terms + 13.5) * sum + gamma(2) * Math.abs(at(betas, c)) + tau
      })
    }),
  )
}
